"""Scalers: one operation per column, or per row."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.transformers.base import Draft, Table, matrix_table


def standard(scaler: Any, draft: Draft, table: Table) -> Table:
    """StandardScaler: ``(x - mean) / scale``."""
    if scaler.with_std:
        draft.note(table, center=scaler.mean_, spread=np.sqrt(scaler.var_))
    value = draft.matrix(table, scaler)
    if scaler.with_mean:
        value = draft.step("subtract", value, scaler.mean_)
    if scaler.with_std:
        value = draft.step("divide", value, scaler.scale_)
    return matrix_table(value, table.names)


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
    value = draft.matrix(table, scaler)
    if scaler.with_centering:
        value = draft.step("subtract", value, scaler.center_)
    if scaler.with_scaling:
        value = draft.step("divide", value, scaler.scale_)
    return matrix_table(value, table.names)


def normaliser(scaler: Any, draft: Draft, table: Table) -> Table:
    """Append the steps of a Normalizer: rows divided by their norm."""
    return matrix_table(draft.step("normalise", draft.matrix(table, scaler), norm=scaler.norm), table.names)


def binariser(scaler: Any, draft: Draft, table: Table) -> Table:
    """Binarizer: whether a value is above a threshold."""
    draft.note(table, center=float(scaler.threshold))
    value = draft.step("binarise", draft.matrix(table, scaler), threshold=float(scaler.threshold))
    return matrix_table(value, table.names)
