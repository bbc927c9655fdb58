"""Trial: a fresh sandboxed process loads the finished bundle and calls it.

It runs the bundle as a server would, with neither the model file nor, for a LiteRT bundle, a framework in memory. A
bundle that crashes the process is not published.
"""

from __future__ import annotations

import contextlib
import itertools
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import EXPLAIN, SAVED_MODEL, Bundle
from lightship.calls import Call
from lightship.compiler import imports, limits
from lightship.compiler.limits import Cost
from lightship.compiler.sandbox import Progress, memory
from lightship.compiler.verification.parity import Bounds, Output, compare
from lightship.errors import LightshipError
from lightship.explain.attribution import Query, Unexplained
from lightship.explain.gradients import IntegratedGradients
from lightship.model import Model
from lightship.settings import TransformSettings
from lightship.tensors import Array, Signature, TensorSpec

Tensors = dict[str, Array]

_UNUSUAL_SECONDS = 3.0  # for unusual inputs: a slow model is called with fewer of them
_UNUSUAL_BYTES = 2 * 1024**3  # above the peak so far: an input that sets a tensor's size must not take all memory
_BATCHES = (1, 2, 7)


def build(job: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Try the bundle in ``job["folder"]`` and return its cost as a dictionary.

    The dictionary is that of a :class:`lightship.compiler.limits.Cost`. Measures one call, compares the golden
    examples, explains one where the bundle has a gradient, then calls every signature with unusual inputs.
    ``job["slow"]`` lifts the limits. Raises BundleError, CompileError, ParityError or EngineError; a crash ends the
    process.
    """
    progress("try", 0.9)
    folder, slow = Path(job["folder"]), bool(job["slow"])
    transforms = TransformSettings.from_json(job.get("transforms"))
    with limits.calls(1, slow=slow):
        model, cost = measure(folder, transforms)
    if not slow:
        limits.check(cost)
    for signature in model.manifest.signatures:
        with limits.calls(1, slow=slow):
            _check_golden(model, signature.name)
    if EXPLAIN in model.manifest.files:
        with limits.calls(1, slow=slow):
            _explain(model)
    _limit_memory()
    end = time.monotonic() + _UNUSUAL_SECONDS
    for signature in model.manifest.signatures:
        for inputs in _unusual_inputs(model, signature):
            if time.monotonic() < end:
                with limits.calls(1, slow=slow):
                    _call(model, signature.name, inputs)
    return asdict(cost)


def measure(folder: Path, transforms: TransformSettings) -> tuple[Model, Cost]:
    """Load the bundle and measure calls with one row.

    Each signature is called twice and the faster call counts; the cost has the time of the slowest signature.
    """
    if (folder / SAVED_MODEL).is_dir():
        imports.framework("tensorflow")  # its memory must not count as the model's
    before = _peak_bytes()
    model = Model.load(Bundle.reopen(folder), transforms=transforms)  # the parent has just verified it
    seconds = []
    for signature in model.manifest.signatures:
        row = _first_row(model.golden(signature.name)[0], signature)
        seconds.append(min(_time(model, signature.name, row) for _ in range(2)))
    return model, Cost(max(seconds), max(0, _peak_bytes() - before))


def _peak_bytes() -> int:
    """Return the peak memory of this process.

    Bytes. Linux's ru_maxrss includes the parent's peak before the fork, so VmHWM is read where it is available.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _limit_memory() -> None:
    """Limit the memory that unusual inputs may add."""
    bound = memory.data_limit(_peak_bytes() + _UNUSUAL_BYTES)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (bound if soft == resource.RLIM_INFINITY else min(soft, bound), hard))


def _time(model: Model, signature: str, inputs: Tensors) -> float:
    start = time.perf_counter()
    model.predict(Call(inputs=inputs, signature=signature))
    return time.perf_counter() - start


def _first_row(inputs: Tensors, signature: Signature) -> Tensors:
    return {spec.name: inputs[spec.name][:1] if spec.batched else inputs[spec.name] for spec in signature.inputs}


def _check_golden(model: Model, name: str) -> None:
    inputs, expected = model.golden(name)
    outputs = model.predict(Call(inputs=inputs, signature=name)).outputs
    for output, array in expected.items():
        recorded = model.manifest.parity[name][output]
        compare(Output(name, output), array, outputs[output], bounds=Bounds(recorded["rtol"], recorded["atol"]))


def _explain(model: Model) -> None:
    """Explain one golden row with the compiled gradient, from the last one."""
    signature = model.manifest.signatures[0]
    inputs, _ = model.golden(signature.name)
    method = IntegratedGradients.load(model.bundle)
    output = method.outputs[0]
    last = {name: array[-1:] for name, array in inputs.items()}
    with contextlib.suppress(Unexplained):  # the row may hold NaN
        method.explain(Query(_first_row(inputs, signature), last, output, 0))


def _call(model: Model, signature: str, inputs: Tensors) -> None:
    with contextlib.suppress(LightshipError):  # refusing the input is correct: only a crash matters
        model.predict(Call(inputs=inputs, signature=signature))


def _unusual_inputs(model: Model, signature: Signature) -> Iterator[Tensors]:
    """Yield unusual inputs: extreme values for one row, then other batch sizes.

    The extremes, zero, NaN and infinity among them, have the shape of one golden row.
    """
    row = _first_row(model.golden(signature.name)[0], signature)
    most = max((len(_extremes(spec)) for spec in signature.inputs), default=0)
    for pick, shift in itertools.product(range(most), range(min(2, len(signature.inputs)))):
        # the same extreme for all inputs, then different ones: INT_MIN and -1 overflow a division only together
        yield {
            spec.name: np.full_like(row[spec.name], _extremes(spec)[(pick + position * shift) % len(_extremes(spec))])
            for position, spec in enumerate(signature.inputs)
        }
    if any(spec.batched for spec in signature.inputs):
        for rows in _BATCHES:
            yield {
                spec.name: np.repeat(row[spec.name], rows, axis=0) if spec.batched else row[spec.name]
                for spec in signature.inputs
            }


def _extremes(spec: TensorSpec) -> tuple[Any, ...]:
    kind = spec.numpy.kind
    if kind == "f":
        limit = np.finfo(spec.numpy)
        return (0.0, limit.max, limit.min, np.nan, np.inf, -np.inf, limit.tiny)
    if kind in "iu":
        bounds = np.iinfo(spec.numpy)
        return (0, bounds.max, bounds.min, bounds.max // 2 if kind == "u" else -1)
    return (False, True) if kind == "b" else (b"", b"\xff\x00" * 1000)
