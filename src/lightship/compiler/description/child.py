"""Child process of ``lightship init``: load a model and call its signatures.

The model is loaded and called as :mod:`lightship.compiler.build` does it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lightship.compiler import limits, sources
from lightship.compiler.hints import Hint
from lightship.compiler.sandbox import Progress
from lightship.compiler.sources.base import Original
from lightship.compiler.sources.trust import trusted_code
from lightship.compiler.verification import samples
from lightship.errors import CompileError, EngineError
from lightship.tensors import Array, Signature

_PIXELS = 255


def build(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the JSON of a Description of the model file ``job["source"]``.

    See :class:`lightship.compiler.description.describe.Description`.
    """
    path = Path(job["source"])
    with tempfile.TemporaryDirectory() as work:
        progress("check", 0.0)
        importer = sources.find(path)
        trusted_code(path, importer.check(path, Path(work)), trust=job["trust"])
        progress("load", 0.2)
        original = importer.load(path, Path(work), trust=job["trust"])
        progress("describe", 0.7)
        return {
            "format": importer.name,
            "signatures": [signature.to_json() for signature in original.signatures],
            "pixels": sorted({name for signature in original.signatures for name in _pixels(original, signature)}),
            "probabilities": sorted(
                {n for signature in original.signatures for n in _probabilities(original, signature)}
            ),
            "notes": list(original.notes),
        }


def _pixels(original: Original, signature: Signature) -> list[str]:
    """Return the names of the inputs that take values from 0 to 255."""
    return [name for name, hint in original.hints(signature).items() if _takes_pixels(hint)]


def _takes_pixels(hint: Hint) -> bool:
    return not hint.words and hint.below is None and bool(np.allclose(hint.center, _PIXELS / 2, atol=1))


def _probabilities(original: Original, signature: Signature) -> list[str]:
    """Return the names of the outputs that hold probabilities.

    On generated inputs, and on these with floats a thousand times as large, their columns add up to one, or are a
    single one from 0 to 1.
    """
    try:
        with limits.deadline(2 * limits.CALL_SECONDS):
            inputs, outputs = samples.generate(original.run, signature, original.hints(signature))
            others = original.run(signature.name, samples.alter(inputs))
    except (CompileError, EngineError):  # the model accepts no generated inputs, or not these
        return []
    names = [spec.name for spec in signature.outputs]
    return [name for name in names if _is_distribution(outputs[name]) and _is_distribution(others[name])]


def _is_distribution(array: Array) -> bool:
    if array.dtype.kind != "f" or array.ndim != 2 or not array.size or not np.isfinite(array).all():
        return False
    inside = bool(array.min() >= 0 and array.max() <= 1)
    return inside and (array.shape[1] == 1 or bool(np.allclose(array.sum(axis=1), 1, atol=1e-3)))
