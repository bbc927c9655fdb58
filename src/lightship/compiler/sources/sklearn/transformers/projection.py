"""Projections: matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.transformers.base import Draft, Table, matrix_table


def pca(model: Any, draft: Draft, table: Table) -> Table:
    """Append the steps of a PCA: ``x @ components.T - mean @ components.T``.

    They are divided by the deviations where it whitens.
    """
    draft.note(table, center=model.mean_)
    weights = np.ascontiguousarray(model.components_.T)
    value = draft.step("project", draft.matrix(table, model), weights)
    value = draft.step("subtract", value, np.reshape(model.mean_, (1, -1)) @ weights)
    if model.whiten:
        scale = np.sqrt(model.explained_variance_)
        value = draft.step("divide", value, np.maximum(scale, np.finfo(scale.dtype).eps))
    return matrix_table(value, _names("pca", weights.shape[1]))


def truncated_svd(model: Any, draft: Draft, table: Table) -> Table:
    """TruncatedSVD: ``x @ components.T``."""
    weights = np.ascontiguousarray(model.components_.T)
    value = draft.step("project", draft.matrix(table, model), weights)
    return matrix_table(value, _names("truncatedsvd", weights.shape[1]))


def _names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{index}" for index in range(count)]
