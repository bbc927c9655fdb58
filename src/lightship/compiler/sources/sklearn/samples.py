"""Rows for comparisons: values around those that the model was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lightship.compiler.hints import Hint
from lightship.compiler.sources.sklearn.plan import Plan
from lightship.compiler.sources.sklearn.transformers.base import Statistics
from lightship.compiler.sources.traced import FEATURES
from lightship.tensors import Array, TensorSpec

ROWS = 64
_MOST_ROWS = 256
_SHARE = 0.1  # of unknown categories, and of missing values
_UNKNOWN = b"lightship"


def hints(plan: Plan) -> Mapping[str, Hint]:
    """Return rows for each input."""
    names = plan.columns.names
    columns = [_column(plan.statistics.get(name, Statistics()), index) for index, name in enumerate(names)]
    if plan.columns.strings:
        return {spec.name: Hint(rows=_cast(values, spec)) for spec, values in zip(plan.inputs, columns, strict=True)}
    rows = np.stack([np.asarray(values, np.float64) for values in columns], axis=1)
    examples = plan.translation.examples
    if examples is not None and plan.program is plan.translation.program:
        rows = np.concatenate([examples, rows])[:_MOST_ROWS]
    return {FEATURES: Hint(rows=_cast(rows, plan.inputs[0]))}


def _cast(values: Any, spec: TensorSpec) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype=spec.numpy)


def _column(found: Statistics, seed: int) -> Array:
    """Return the values of one column: of bytes where its categories are strings."""
    rng = np.random.default_rng(seed)
    if not found.values:
        values = rng.standard_normal(ROWS) * found.spread + found.center
    else:
        values = np.empty(ROWS, np.object_)
        values[:] = [found.values[pick] for pick in rng.integers(0, len(found.values), ROWS)]
    strings = isinstance(values[0], bytes)
    if found.unknown:
        values[rng.random(ROWS) < _SHARE] = _UNKNOWN if strings else _above(found.values)
    if found.missing:
        values[rng.random(ROWS) < _SHARE] = b"" if strings else np.nan
    return values


def _above(values: tuple[Any, ...]) -> float:
    """Return a number above all values."""
    return float(np.nanmax(np.asarray([*values, 0.0], np.float64)) + 1.5)
