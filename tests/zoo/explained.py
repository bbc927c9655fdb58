"""Compiled gradients of models of the zoo: measurement, and table on the page."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lightship.calls import Call
from lightship.explain.attribution import Query, Unexplained
from lightship.explain.compiled import Gradient
from lightship.explain.gradients import IntegratedGradients
from lightship.model import Model
from lightship.tensors import Array
from tests.zoo.rows import Row

_REPEATS = 5
NAMES = ("Model", "Difference", "Gap", "Steps", "Predict", "Explain", "Why no gradient")
NOTE = """
The gradient is [compiled into the bundle](compiling.md#gradients) and compared with TensorFlow's: the difference is a
share of its largest element. One recorded row is explained. The gap is how far its attributions are from the change of
the prediction.
"""


@dataclass(frozen=True)
class Explained:
    """Explanation of one golden row, from the mean or most frequent values of all.

    ``reason`` is why there is none. ``figures`` are the difference of the gradient from TensorFlow's, the gap, the
    number of steps, and the seconds of one explanation and of one prediction.
    """

    reason: str = ""
    figures: tuple[float, ...] = ()


def explained(model: Model) -> Explained:
    """Explain one row of a bundle with its compiled gradient."""
    inputs, _ = model.golden()
    row = {name: array[:1] for name, array in inputs.items()}
    base = {name: _typical(array) for name, array in inputs.items()}
    try:
        method = IntegratedGradients.load(model.bundle)
        query = Query(row, base, method.outputs[0], 0)
        found = method.explain(query)
    except Unexplained as error:
        return Explained(str(error))
    seconds = [_median(lambda: method.explain(query)), _median(lambda: model.predict(Call(row)))]
    difference = Gradient.from_json(model.manifest.explain).difference
    return Explained("", (difference, found.error, found.evaluations, *seconds))


def _typical(array: Array) -> Array:
    if array.dtype.kind == "f":
        mean: Array = np.nanmean(array, axis=0, keepdims=True, dtype=float).astype(array.dtype)
        return mean
    return array[-1:]


def _median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(f"{statistics.median(times):.3g}")


def lines(rows: Sequence[Row]) -> list[list[str]]:
    """Return the table's line of each model whose explanation was measured."""
    return [_line(row) for row in rows if row.gradient or row.no_gradient]


def _line(row: Row) -> list[str]:
    if not row.gradient:
        return [f"`{row.name}`", *["-"] * 5, row.no_gradient.replace("|", "\\|")]
    difference, gap, steps, explain, predict = row.gradient
    times = [f"{seconds * 1e6:,.0f} µs" for seconds in (predict, explain)]
    return [f"`{row.name}`", f"{difference:.0e}", f"{gap:.0e}", f"{steps:.0f}", *times, ""]
