"""Comparison of a compiled gradient with TensorFlow's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lightship.compiler.attributions.path import Differentiable, Underivable, integral
from lightship.engines.base import Engine
from lightship.explain.attribution import Query, Unexplained
from lightship.explain.compiled import SIGNATURE, Gradient
from lightship.explain.gradients import IntegratedGradients
from lightship.tensors import Array

# Shares of the gradient's largest element. Rounding decides which of two nearly equal elements is the maximum, and
# whether a number near zero is positive: such a row differs by a little more than most rows.
MOST_ROWS = 1e-4
EVERY_ROW = 1e-2

GAP = 0.05  # of attributions from the change of the prediction

_ROWS = 5

Tensors = Mapping[str, Array]


def difference(engine: Engine, model: Differentiable, inputs: Tensors, points: int) -> float:
    """Return the largest difference from TensorFlow's gradient for recorded rows.

    It is a share of the gradient's largest element. The baseline is the rows' mean, and the explained numbers differ
    from row to row. Raises Underivable beyond the tolerance.
    """
    reference = integral(model, points)
    pairs = [(_run(reference, each), engine.run(SIGNATURE, each)) for each in _calls(model, inputs, points)]
    slopes = [f"gradient_{number}" for number in range(len(model.inputs))]
    found = [_apart(pairs, slopes), _apart(pairs, ["base", "prediction", "numbers"]), _apart(pairs, ["changes"])]
    worst = max(max(rows) for rows in found)
    if not worst <= EVERY_ROW or any(np.median(rows) > MOST_ROWS for rows in found):  # NaN is not close
        raise Underivable(f"the compiled gradient differs from TensorFlow's by {worst:.1e} of its largest element")
    return worst


def completeness(method: IntegratedGradients, gradient: Gradient, inputs: Tensors) -> None:
    """Check that attributions of recorded rows add up; raises Underivable.

    They do not where the model rounds or compares, or oscillates between the mean row and a row.
    """
    rows = _finite([inputs[name] for name in gradient.inputs])
    baseline = {name: _mean(inputs[name][rows]) for name in gradient.inputs}
    output = next(iter(gradient.outputs))
    single = ({name: inputs[name][at : at + 1] for name in gradient.inputs} for at in rows)
    try:
        found = [method.explain(Query(row, baseline, output, 0)) for row in single]
    except Unexplained as error:
        raise Underivable(str(error)) from None
    if (gap := float(np.median([each.error for each in found]))) > GAP:
        most = max(each.evaluations for each in found)
        raise Underivable(f"after {most} evaluations, attributions miss {gap:.0%} of the prediction's change")


def _run(function: Any, arguments: Tensors) -> dict[str, Array]:
    import tensorflow as tf

    outputs = function(**{name: tf.constant(array) for name, array in arguments.items()})
    return {name: tensor.numpy() for name, tensor in outputs.items()}


def _calls(model: Differentiable, inputs: Tensors, points: int) -> Iterator[dict[str, Array]]:
    """Yield arguments of the functions for some rows, each with another target."""
    rows = [inputs[name].astype(np.float32) for name in model.inputs]
    finite = _finite(rows)
    nodes = ((np.arange(points) + 0.5) / points).astype(np.float32)
    weights = np.full(points, 1 / points, np.float32)
    numbers = sum(model.outputs.values())
    for order, at in enumerate(finite):
        ends = {f"row_{number}": array[at : at + 1] for number, array in enumerate(rows)}
        ends |= {f"baseline_{number}": _mean(array[finite]) for number, array in enumerate(rows)}
        target = np.array([order * 7 % numbers], np.int32)
        yield {**ends, "nodes": nodes, "weights": weights, "target": target}


def _finite(rows: Sequence[Array]) -> list[int]:
    """Return the indices of some rows without NaN; raises Underivable without any."""
    finite = [at for at in range(len(rows[0])) if all(np.isfinite(array[at]).all() for array in rows)]
    if not finite:
        raise Underivable("the recorded rows hold numbers that are not finite")
    return finite[:_ROWS]


def _mean(rows: Array) -> Array:
    mean: Array = rows.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
    return mean


def _apart(pairs: Sequence[tuple[Tensors, Tensors]], names: Sequence[str]) -> list[float]:
    """Return each row's largest difference of some outputs.

    It is a share of their largest element, which may be in another row: a gradient near zero, of a saturated output,
    is rounding noise.
    """
    largest = max(float(np.abs(expected[name]).max()) for expected, _ in pairs for name in names)
    if not np.isfinite(largest):
        raise Underivable("TensorFlow's gradient is not finite for recorded rows")
    scale = max(largest, float(np.finfo(np.float32).tiny))
    return [
        max(float(np.abs(expected[name] - actual[name]).max()) for name in names) / scale for expected, actual in pairs
    ]
