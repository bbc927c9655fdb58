"""Rows of strings through Lightship, TensorFlow and Keras.

``python -m benchmarks.preprocessing.calls`` reads parameters from standard input and writes figures to standard output
(JSON).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.figures import significant
from benchmarks.preprocessing.models import MODELS, ROWS
from lightship.bundle import Bundle
from lightship.calls import Call
from lightship.compiler.build import build
from lightship.compiler.job import BuildJob
from lightship.model import Model
from lightship.preprocessing import read_programs
from lightship.tensors import Array

BATCHES = (1, ROWS)
_LEAST = 5  # calls


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    model, inputs = MODELS[parameters["model"]]()
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as bundle:
        source = Path(work, "model.keras")
        model.save(source)
        build(BuildJob(source, Path(bundle), slow=True).to_json(), lambda stage, done: None)
        figures = {}
        for size in BATCHES:
            calls = _calls(Path(bundle), model, {name: array[:size] for name, array in inputs.items()})
            seconds = parameters["seconds"]
            figures[size] = {name: _least(call, seconds) / size for name, call in calls.items()}
    json.dump(
        {size: {name: significant(value) for name, value in row.items()} for size, row in figures.items()}, sys.stdout
    )


def _calls(folder: Path, model: Any, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
    """Return calls by the name of their figure: microseconds per row."""
    import tensorflow as tf

    bundle = Bundle.open(folder)
    compiled = Model.load(bundle)
    program = read_programs(folder, bundle.manifest.preprocessing)["serving_default"].bind()
    tensors = {name: tf.constant(array) for name, array in inputs.items()}
    named = tensors if len(tensors) > 1 else next(iter(tensors.values()))
    signature = tf.function(model, autograph=False).get_concrete_function(named)
    return {
        "program_us": lambda: program.run(inputs),
        "compiled_us": lambda: compiled.predict(Call(inputs=dict(inputs))),
        "signature_us": lambda: signature(named),
        "predict_us": lambda: model.predict(named, batch_size=ROWS, verbose=0),
    }


def _least(call: Callable[[], object], seconds: float) -> float:
    """Return the least processor time of several calls in microseconds."""
    call()
    times: list[int] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < _LEAST:
        start = time.process_time_ns()
        call()
        times.append(time.process_time_ns() - start)
    return min(times) / 1000


if __name__ == "__main__":
    main()
