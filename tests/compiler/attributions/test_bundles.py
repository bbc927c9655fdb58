"""Gradients of compiled bundles beside gradients of the original model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.bundle import EXPLAIN
from lightship.calls import Call
from lightship.explain.attribution import Query, Unexplained
from lightship.explain.gradients import IntegratedGradients
from lightship.model import Model
from lightship.tensors import Array
from tests.compiler.conftest import Compile

Tensors = Mapping[str, Array]

CASES = [("mlp.keras", "p", 0), ("cnn.keras", "digit", 2), ("two.keras", "u", 0), ("two.keras", "v", 1)]


@pytest.mark.parametrize(("source", "output", "number"), CASES)
def test_attributions_equal_those_of_keras_model(
    source: str, output: str, number: int, compiled: Compile, sources: Path
) -> None:
    _, model = compiled(source)
    inputs, _ = model.golden()
    *rows, base = _each(inputs, (0, 1, 2, -1))
    method = IntegratedGradients.load(model.bundle)
    for row in rows:
        found = method.explain(Query(row, base, output, number))
        expected = _in_keras(sources / source, row, base, (output, number))
        for name, array in expected.items():
            np.testing.assert_allclose(found.values[name], array[0], atol=2e-2 * _largest(expected))
        predicted = model.predict(Call(row)).outputs[output].ravel()[number]
        assert found.prediction == pytest.approx(predicted, rel=1e-5)
        total = sum(array.sum() for array in found.values.values())
        assert total == pytest.approx(found.prediction - found.base, abs=0.02)


def _each(inputs: Tensors, positions: Sequence[int]) -> list[Tensors]:
    """Return single rows, [1, ...]."""
    return [{name: array[[at]] for name, array in inputs.items()} for at in positions]


def _largest(arrays: Tensors) -> float:
    return max(float(np.abs(array).max()) for array in arrays.values())


def _in_keras(path: Path, row: Tensors, base: Tensors, target: tuple[str, int]) -> dict[str, Array]:
    """Return integrated gradients of the file by TensorFlow's tape at 2,000 points."""
    import keras
    import tensorflow as tf

    model = keras.models.load_model(path)
    nodes = (np.arange(2000, dtype=np.float32) + 0.5) / 2000
    line = {name: tf.constant(base[name] + _along(nodes, array) * (array - base[name])) for name, array in row.items()}
    with tf.GradientTape() as tape:
        tape.watch(line)
        answer: Any = model(line if len(line) > 1 else next(iter(line.values())))
        answer = answer[target[0]] if isinstance(answer, dict) else answer
        total = tf.reduce_sum(answer[:, target[1]])
    slopes = tape.gradient(total, line, unconnected_gradients="zero")
    return {name: slopes[name].numpy().mean(axis=0, keepdims=True) * (row[name] - base[name]) for name in row}


def _along(nodes: Array, like: Array) -> Array:
    return nodes.reshape(-1, *[1] * (like.ndim - 1))


def test_compile_twice_writes_equal_gradients(compiled: Compile) -> None:
    first, second = (compiled("mlp.keras", name=name)[1] for name in ("gradient-a", "gradient-b"))
    assert first.manifest.files[EXPLAIN] == second.manifest.files[EXPLAIN]
    assert first.bundle.digest == second.bundle.digest


def test_gradient_of_earlier_manifest_is_used_without_samples(compiled: Compile) -> None:
    _, model = compiled("cnn.keras")
    entry = {name: value for name, value in model.manifest.explain.items() if name != "sampled"}
    earlier = model.bundle._replace(manifest=model.manifest._replace(explain=entry))
    inputs, _ = model.golden()
    *rows, base = _each(inputs, (0, 1, 2, -1))
    methods = [IntegratedGradients.load(each) for each in (earlier, model.bundle)]
    assert len(entry) < len(model.manifest.explain)
    for row in rows:
        old, new = (method.explain(Query(row, base, "digit", 2)) for method in methods)
        assert new.evaluations <= old.evaluations
        for name, array in new.values.items():
            np.testing.assert_allclose(old.values[name], array, atol=2e-2 * _largest(new.values))


REASONS = [
    ("embedding.keras", "'ids' is int32"),
    ("lstm.keras", "loop"),
    ("any_length.keras", "loop"),
    ("boolean.keras", "'flags' is bool"),
    ("named.tflite", "no graph"),
    ("flex", "LiteRT cannot run the model"),
]


@pytest.mark.parametrize(("source", "reason"), REASONS)
def test_model_without_gradient_has_reason_and_no_file(source: str, reason: str, compiled: Compile) -> None:
    model: Model = compiled(source)[1]
    assert EXPLAIN not in model.manifest.files
    with pytest.raises(Unexplained, match=reason):
        IntegratedGradients.load(model.bundle)
