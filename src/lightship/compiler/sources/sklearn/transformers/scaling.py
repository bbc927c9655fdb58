"""Scalers: one operation per column, or per row."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.transformers.base import Draft, Table, matrix_table
from lightship.tensors import Array


def standard(scaler: Any, draft: Draft, table: Table) -> Table:
    """StandardScaler: ``(x - mean) / scale``."""
    if scaler.with_std:
        draft.note(table, center=scaler.mean_, spread=np.sqrt(scaler.var_))
    center = scaler.mean_ if scaler.with_mean else None
    return _scaled(scaler, draft, table, center=center, scale=scaler.scale_ if scaler.with_std else None)


def min_max(scaler: Any, draft: Draft, table: Table) -> Table:
    """MinMaxScaler: ``x * scale + min``, limited to the range where it clips."""
    draft.note(
        table, center=(scaler.data_max_ + scaler.data_min_) / 2, spread=(scaler.data_max_ - scaler.data_min_) / 4
    )
    value = draft.step("multiply", draft.matrix(table, scaler), scaler.scale_)
    value = draft.step("add", value, scaler.min_)
    if scaler.clip:
        least, most = map(float, scaler.feature_range)
        value = draft.step("clip", value, least=least, most=most)
    return matrix_table(value, table.names)


def max_abs(scaler: Any, draft: Draft, table: Table) -> Table:
    """MaxAbsScaler: ``x / scale``."""
    draft.note(table, spread=scaler.max_abs_ / 2)
    value = draft.step("divide", draft.matrix(table, scaler), scaler.scale_)
    if getattr(scaler, "clip", False):
        value = draft.step("clip", value, least=-1.0, most=1.0)
    return matrix_table(value, table.names)


def robust(scaler: Any, draft: Draft, table: Table) -> Table:
    """RobustScaler: ``(x - center) / scale``."""
    if scaler.with_scaling and scaler.with_centering:
        draft.note(table, center=scaler.center_, spread=scaler.scale_)
    center = scaler.center_ if scaler.with_centering else None
    return _scaled(scaler, draft, table, center=center, scale=scaler.scale_ if scaler.with_scaling else None)


def normaliser(scaler: Any, draft: Draft, table: Table) -> Table:
    """Append the steps of a Normalizer: rows divided by their norm."""
    return matrix_table(draft.step("normalise", draft.matrix(table, scaler), norm=scaler.norm), table.names)


def binariser(scaler: Any, draft: Draft, table: Table) -> Table:
    """Binarizer: whether a value is above a threshold."""
    draft.note(table, center=float(scaler.threshold))
    value = draft.step("binarise", draft.matrix(table, scaler), threshold=float(scaler.threshold))
    return matrix_table(value, table.names)


def _scaled(scaler: Any, draft: Draft, table: Table, *, center: Array | None, scale: Array | None) -> Table:
    """Append the steps of ``(x - center) / scale``."""
    value = draft.matrix(table, scaler)
    if center is not None:
        value = draft.step("subtract", value, center)
    if scale is not None:
        value = draft.step("divide", value, scale)
    return matrix_table(value, table.names)
