"""Compiled gradient, ``explain.tflite``: with it a bundle explains predictions.

It is made from the graph that was converted, and kept only where it agrees with TensorFlow's own gradient.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from lightship.bundle import EXPLAIN, MODEL
from lightship.compiler.attributions import check, cost
from lightship.compiler.attributions.model import differentiable
from lightship.compiler.attributions.path import Underivable, integral, save
from lightship.compiler.conversion import litert
from lightship.compiler.rewrites import Rewritten
from lightship.compiler.verification.parity import coarse
from lightship.compiler.verification.recordings import GOLDEN_ROWS, Recording
from lightship.explain.compiled import SIGNATURE, Gradient
from lightship.explain.gradients import IntegratedGradients
from lightship.preprocessing import Program


def compile_gradient(
    converted: Rewritten, recording: Recording, folder: Path, *, program: Program | None = None
) -> Gradient:
    """Write the gradient of a converted model into the bundle's folder.

    ``converted`` is the model that LiteRT runs, ``recording`` of its default signature, and ``program`` computes its
    inputs. Where there is no gradient, no file is written and the returned entry has the reason.
    """
    try:
        return _compiled(converted, recording, folder, program)
    except Underivable as error:
        reason = str(error)
    except litert.Unconvertible as error:
        reason = f"LiteRT cannot run the gradient because of: {error}"
    except LookupError as error:
        reason = _missing(error)
    except Exception as error:  # any error of TensorFlow for an unforeseen graph
        reason = f"TensorFlow could not make the gradient ({type(error).__name__})"
    (folder / EXPLAIN).unlink(missing_ok=True)
    return Gradient(reason)


def _compiled(converted: Rewritten, recording: Recording, folder: Path, program: Program | None) -> Gradient:
    if (size := (folder / MODEL).stat().st_size) > cost.MODEL_BYTES:
        limit = cost.MODEL_BYTES // 1024**2
        raise Underivable(f"the model has {size / 1024**2:,.0f} MiB, and its gradient at most {limit} MiB")
    inputs, outputs = recording.up_to(GOLDEN_ROWS)
    inputs = program.bind().run(inputs) if program else inputs
    original = differentiable(converted.folder, recording.signature, inputs, outputs)
    points, steps = cost.affordable(original)
    with tempfile.TemporaryDirectory() as work:
        save(integral(original.with_derivatives(), points), Path(work, "gradient"), signature=SIGNATURE)
        engine = litert.convert(Path(work, "gradient"), [SIGNATURE], folder / EXPLAIN)
    found = coarse(check.difference(engine, original, inputs, points))
    gradient = Gradient("", original.inputs, original.outputs, points, steps, found, sampled=True)
    check.completeness(IntegratedGradients(gradient, engine), gradient, inputs)
    return gradient


def _missing(error: LookupError) -> str:
    """Return the reason of an operator without gradient.

    TensorFlow's message ends with the operator's type; those of :mod:`derivatives` describe a use of one.
    """
    text = str(error.args[0]) if error.args else ""
    operator = re.search(r"(?:op type|for): (\w{1,64})", text)
    return f"there is no gradient of {operator.group(1) if operator else text[:100] or 'one of its operators'}"
