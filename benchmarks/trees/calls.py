"""Predictions of tree models by their libraries and by the compiled models.

``python -m benchmarks.trees.calls`` reads parameters from standard input and writes figures to standard output (JSON).
Every model is trained, saved, and compiled in this process, and every measured answer is compared with the library's.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.figures import significant
from benchmarks.trees.models import MODELS
from lightship.compiler import sources
from lightship.compiler.conversion import litert
from lightship.compiler.sources.base import Original
from lightship.engines.base import Engine
from lightship.engines.preprocessed import with_programs

_TOLERANCE = 1e-5


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    with threadpool_limits(1):
        figures = {name: _figures(*MODELS[name], parameters["calls"]) for name in parameters["models"]}
    json.dump(figures, sys.stdout)


def _figures(file: str, train: Callable[[], Callable[[Path], object]], calls: Mapping[str, int]) -> dict[str, Any]:
    """Return sizes, and the microseconds of one call by its number of rows."""
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder, file), Path(folder, "model.tflite")
        train()(path)
        original = _opened(path)
        (saved_model,) = original.candidates()
        engine = litert.convert(saved_model, [original.signatures[0].name], target)
        compiled = with_programs(engine, original.preprocessing)
        rows = {count: _times(original, compiled, int(count), number) for count, number in calls.items()}
        return {"bytes": path.stat().st_size, "compiled_bytes": target.stat().st_size, "rows": rows}


def _opened(path: Path) -> Original:
    work = path.parent / "work"
    work.mkdir()
    importer = sources.find(path)
    importer.check(path, work)
    return importer.load(path, work, trust=False)


def _times(original: Original, engine: Engine, rows: int, number: int) -> dict[str, float]:
    """Return microseconds of the library's fastest call and of the compiled model."""
    signature = original.signatures[0]
    examples = original.hints(signature)["features"].rows
    assert examples is not None
    inputs = {"features": examples[np.arange(rows) % len(examples)]}
    (expected,), (found,) = original.run(signature.name, inputs).values(), engine.run(signature.name, inputs).values()
    np.testing.assert_allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE * np.abs(expected).max())
    library = min(_least(call, number) for call in original.calls(signature.name, inputs).values())
    return {"library_us": library, "compiled_us": _least(lambda: engine.run(signature.name, inputs), number)}


def _least(call: Callable[[], object], number: int) -> float:
    """Return the least processor time of several calls in microseconds."""
    call()
    times = []
    for _ in range(number):
        start = time.process_time_ns()
        call()
        times.append(time.process_time_ns() - start)
    return significant(min(times) / 1000)


if __name__ == "__main__":
    main()
