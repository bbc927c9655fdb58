"""Columns in which a model takes NaN, found by calls of the model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.intake.contents import objects_in
from lightship.compiler.sources.sklearn.plan import Plan
from lightship.compiler.sources.sklearn.samples import hints
from lightship.inputs import gaps
from lightship.tensors import Array, TensorSpec

Inputs = Mapping[str, Array]

_ROWS = 4
_MOST_COLUMNS = 256  # that are tried one by one
_TOLERANCE = 1e-3


def declared(plan: Plan, model: Any, agrees: Callable[[Inputs], bool]) -> tuple[TensorSpec, ...]:
    """Return a model's inputs; those that take NaN have a kind that says so.

    A column takes NaN where the model's methods accept it and ``agrees`` returns that its translation computes the same
    finite outputs. Models of estimators that all declare not to accept NaN are not called.
    """
    if not any(map(_allows, objects_in(model))):
        return plan.inputs
    rows = {name: _complete(hint.rows[:_ROWS]) for name, hint in hints(plan).items() if hint.rows is not None}
    numbers = [name for name in plan.columns.names if _dtype(plan, name) != "string"]
    taken = _accepted(numbers, lambda names: agrees(_with_gaps(rows, names, plan)))
    return tuple(_declared(spec, taken, plan) for spec in plan.inputs)


def close(expected: Inputs, found: Inputs) -> bool:
    """Return whether outputs are finite and equal, floats within a tolerance."""
    return all(_close(values, found[name]) for name, values in expected.items())


def _close(expected: Array, found: Array) -> bool:
    if expected.dtype.kind != "f":
        return np.array_equal(expected, found)
    return bool(np.isfinite(expected).all() and np.allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE))


def _allows(found: Any) -> bool:
    """Return whether an object is an estimator that declares to accept NaN."""
    if isinstance(found, type) or not hasattr(found, "__sklearn_tags__"):
        return False
    try:
        return bool(found.__sklearn_tags__().input_tags.allow_nan)
    except (AttributeError, TypeError, ValueError, IndexError, KeyError):  # an estimator with unusual parts
        return False


def _dtype(plan: Plan, name: str) -> str:
    return next((spec.dtype for spec in plan.inputs if spec.name == name), "")


def _complete(rows: Array) -> Array:
    return np.nan_to_num(rows) if rows.dtype.kind == "f" else rows


def _with_gaps(rows: Inputs, names: Collection[str], plan: Plan) -> dict[str, Array]:
    """Return rows of which some cells of these columns, and all in the last, are NaN."""
    found = {name: values.copy() for name, values in rows.items()}
    for index, name in enumerate(plan.columns.names):
        if name in names:
            column = found[name] if name in found and len(plan.inputs) > 1 else _column(found, index, plan)
            column[index % _ROWS :: _ROWS] = np.nan
            column[-1] = np.nan
    return found


def _column(rows: Inputs, index: int, plan: Plan) -> Array:
    """Return a view of a column of the only input."""
    values = rows[plan.inputs[0].name]
    return values if values.ndim == 1 else values[:, index]


def _accepted(names: list[str], takes: Callable[[list[str]], bool]) -> list[str]:
    """Return the columns that take NaN, found by bisection."""
    if not names or takes(names):
        return names
    if len(names) == 1 or len(names) > _MOST_COLUMNS:
        return []
    middle = len(names) // 2
    return _accepted(names[:middle], takes) + _accepted(names[middle:], takes)


def _declared(spec: TensorSpec, taken: Collection[str], plan: Plan) -> TensorSpec:
    columns = plan.columns
    if columns.strings:
        boolean = {**gaps.BOOLEAN, "missing": "nan"}
        kind = boolean if spec.name in columns.booleans else gaps.NUMBERS
        return replace(spec, kind=kind) if spec.name in taken else spec
    if spec.kind:
        return replace(spec, kind=gaps.table(columns.names, taken, columns.booleans))
    return replace(spec, kind=gaps.NUMBERS) if len(taken) == len(columns.names) else spec
