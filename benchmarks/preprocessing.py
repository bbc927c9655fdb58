"""Cost of lifted preprocessing beside that of Keras and TensorFlow, per row.

``python -m benchmarks.preprocessing`` compiles three models of preprocessing layers and prints a table in Markdown:
microseconds per row of the numpy program, of the compiled model with it, of the exported signature in TensorFlow, and
of ``model.predict``. The fastest of repeated calls counts, because other work on the machine only slows them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lightship.bundle import Bundle
from lightship.calls import Call
from lightship.compiler.build import build
from lightship.model import Model
from lightship.preprocessing import read_programs
from lightship.tensors import Array

BATCHES = (1, 1024)
_SECONDS, _CALLS = 1.0, 5
_WORDS = [f"word{number}" for number in range(20_000)]


def vectorization() -> tuple[Any, dict[str, Array]]:
    """Return TextVectorization of 20,000 words and 200 tokens, and texts of 150 words."""
    text = keras.Input((1,), dtype="string", name="text")
    layer = keras.layers.TextVectorization(vocabulary=_WORDS, output_sequence_length=200)
    chosen = np.random.default_rng(1).integers(0, len(_WORDS), (max(BATCHES), 150))
    rows = [" ".join(_WORDS[index] for index in row).capitalize() + "." for row in chosen]
    return keras.Model(text, layer(text)), {"text": _strings(rows)}


def hashing() -> tuple[Any, dict[str, Array]]:
    """Return Hashing of one word of 8 to 12 characters."""
    word = keras.Input((1,), dtype="string", name="word")
    rows = [f"agent-{number * 7919}" for number in range(max(BATCHES))]
    return keras.Model(word, keras.layers.Hashing(1000)(word)), {"word": _strings(rows)}


def feature_space() -> tuple[Any, dict[str, Array]]:
    """Return a FeatureSpace of eight features and a cross."""
    import tensorflow as tf

    kinds = keras.utils.FeatureSpace
    features = {
        "city": kinds.string_categorical(num_oov_indices=1),
        "grade": kinds.integer_categorical(),
        "amount": kinds.float_normalized(),
        "age": kinds.float_discretized(num_bins=8),
        "street": kinds.string_hashed(num_bins=100),
        "code": kinds.integer_hashed(num_bins=100),
        "share": kinds.float_rescaled(scale=2.0),
        "plain": kinds.float(),
    }
    space = kinds(features, crosses=[kinds.cross(("city", "grade"), crossing_dim=64)])
    rows = np.arange(max(BATCHES))
    data: dict[str, Any] = {name: (rows % 97).astype(np.float32) for name in ("amount", "age", "share", "plain")}
    data |= {name: each.astype(np.int32) for name, each in (("grade", rows % 9), ("code", rows * 31))}
    data |= {"city": np.array([f"city {row % 40}" for row in rows]), "street": np.array([f"s{row}" for row in rows])}
    space.adapt(tf.data.Dataset.from_tensor_slices(data).batch(128))
    arrays = {name: _strings(list(each)) if each.dtype.kind == "U" else each[:, None] for name, each in data.items()}
    return keras.Model(space.get_inputs(), space.get_encoded_features()), arrays


def _strings(rows: list[str]) -> Array:
    array = np.empty((len(rows), 1), np.object_)
    array[:, 0] = [str(row).encode() for row in rows]
    return array


def measure(model: Any, inputs: Mapping[str, Array]) -> list[list[float]]:
    """Return microseconds per row for each batch size."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "bundle"
        folder.mkdir()
        model.save(Path(work) / "model.keras")
        job = {"source": Path(work) / "model.keras", "folder": folder, "data": None, "config": {}, "engine": None}
        build({**job, "trust": False, "slow": True, "sandbox": ""}, lambda stage, done: None)
        return [_row(folder, model, {name: array[:size] for name, array in inputs.items()}) for size in BATCHES]


def _row(folder: Path, model: Any, inputs: dict[str, Array]) -> list[float]:
    import tensorflow as tf

    bundle = Bundle.open(folder)
    compiled = Model.load(bundle)
    program = read_programs(folder, bundle.manifest.preprocessing)["serving_default"].bind()
    tensors = {name: tf.constant(array) for name, array in inputs.items()}
    named = tensors if len(tensors) > 1 else next(iter(tensors.values()))
    signature = tf.function(model, autograph=False).get_concrete_function(named)
    calls: list[Callable[[], Any]] = [
        lambda: program.run(inputs),
        lambda: compiled.predict(Call(inputs=inputs)),
        lambda: signature(named),
        lambda: model.predict(named, batch_size=len(next(iter(inputs.values()))), verbose=0),
    ]
    rows = len(next(iter(inputs.values())))
    return [_fastest(call) / rows * 1e6 for call in calls]


def _fastest(call: Callable[[], Any]) -> float:
    call()
    seconds: list[float] = []
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end or len(seconds) < _CALLS:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Print the table."""
    print("| layers | rows | numpy program | compiled model | TensorFlow signature | model.predict |")
    print("|---|---:|---:|---:|---:|---:|")
    for make in (vectorization, hashing, feature_space):
        model, inputs = make()
        for size, figures in zip(BATCHES, measure(model, inputs), strict=True):
            cells = " | ".join(f"{each:,.1f}" for each in figures)
            print(f"| {make.__name__} | {size} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
