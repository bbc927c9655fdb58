"""What is evaluated: outputs of a model whose targets are in the data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from lightship.errors import InvalidInput
from lightship.evaluation import targets
from lightship.evaluation.tasks.base import Task, is_missing
from lightship.evaluation.tasks.classes import ClassTask
from lightship.evaluation.tasks.labels import LabelTask
from lightship.evaluation.tasks.numbers import NumberTask
from lightship.evaluation.tasks.rankings import RankingTask
from lightship.inputs import tables
from lightship.tensors import Array, Signature, TensorSpec

__all__ = ["Task", "is_missing", "tasks_of"]


def tasks_of(
    signature: Signature, *, requested: str | None, columns: Collection[str], default: str | None, golden: Array | None
) -> list[Task]:
    """Return the outputs whose targets are columns of the data.

    The requested column is the target of the first output; without a request it is the column named like the output,
    the columns named like its classes or numbers, or ``default``. Other outputs need a column of their name.
    ``golden`` are recorded values of the first output, which tell probabilities from numbers. Raises InvalidInput.
    """
    first = targets.first_output(signature)
    others = [spec for spec in signature.outputs if spec is not first]
    target = targets.column_of(signature, requested, columns) or (None if _several(first, columns) else default)
    _check_requested(requested, signature)
    if target is not None and target not in columns:
        hint = f" (without --target: '{default}')" if default else ""
        raise InvalidInput(f"the target column '{target[:80]}' is missing: the columns are {_shown(columns)}{hint}")
    found = _columns(first, target, columns)
    if not found:
        raise InvalidInput(
            f"no column is the target: name it with --target, or '{first.name}' like the output; the columns are "
            f"{_shown(columns)}"
        )
    tasks = [_task(first, found, golden)]
    return [*tasks, *(_task(spec, (spec.name,), None) for spec in others if spec.name in columns)]


def _check_requested(requested: str | None, signature: Signature) -> None:
    """Raise InvalidInput for a requested target that is an input."""
    inputs = tables.columns_of(signature)
    if requested in inputs or any(requested in names for names in inputs.values()):
        raise InvalidInput(f"the target '{str(requested)[:80]}' is an input of the model: name another column")


def _columns(spec: TensorSpec, target: str | None, columns: Collection[str]) -> tuple[str, ...]:
    """Return the target columns of the first output.

    One class's column stands for those of all classes. Raises InvalidInput where they are missing.
    """
    if target is None:
        return _several(spec, columns)
    if not spec.multi_label or target not in spec.classes:
        return (target,)
    if missing := [name for name in spec.classes if name not in columns]:
        raise InvalidInput(
            f"the target column '{target[:80]}' is one class of '{spec.name}': there must be a column of 1 and 0 for "
            f"each class, and '{missing[0][:80]}' is missing"
        )
    return spec.classes


def _task(spec: TensorSpec, columns: Sequence[str], golden: Array | None) -> Task:
    width = _width(spec)
    if spec.names and len(spec.shape) == 2:
        return RankingTask(spec, tuple(columns))
    if spec.multi_label:
        return LabelTask(spec, tuple(columns))
    if spec.classes:
        return ClassTask(spec, tuple(columns))
    if spec.numpy.kind not in "fiu" or width is None:
        raise InvalidInput(f"output '{spec.name}' ({spec}) has no metrics: it is neither classes nor numbers")
    if width > 1 and golden is not None and _are_probabilities(golden) and len(columns) == 1:
        return ClassTask(replace(spec, classes=tuple(map(str, range(width)))), tuple(columns))
    return NumberTask(spec, tuple(columns), width)


def _several(spec: TensorSpec, columns: Collection[str]) -> tuple[str, ...]:
    """Return the columns of a row's several targets, if all are in the data."""
    width = _width(spec) or 0
    names = spec.classes if spec.multi_label else tuple(f"{spec.name}_{index}" for index in range(width))
    single = spec.classes and not spec.multi_label
    fewest = 1 if spec.multi_label else 2
    return names if len(names) >= fewest and not single and all(name in columns for name in names) else ()


def _width(spec: TensorSpec) -> int | None:
    """Return the number of values of a row; None where it has no fixed number."""
    if not spec.batched or len(spec.shape) > 2:
        return None
    return spec.row_shape[0] if spec.row_shape else 1


def _are_probabilities(rows: Array) -> bool:
    if rows.ndim != 2 or rows.dtype.kind != "f" or not np.isfinite(rows).all():
        return False
    return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-3))


def _shown(columns: Collection[str]) -> str:
    return ", ".join(list(columns)[:20])[:300] or "only the model's inputs"
