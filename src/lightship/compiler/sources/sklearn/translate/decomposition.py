"""Projections as the last step of a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate import tensors
from lightship.compiler.sources.sklearn.translate.base import Nested, Translation


def pca(model: Any, _: Nested) -> Translation:
    """PCA: the centered rows times the components."""
    weights = np.asarray(model.components_, np.float64).T
    if model.whiten:
        scale = np.sqrt(model.explained_variance_)
        weights = weights / np.maximum(scale, np.finfo(scale.dtype).eps)
    mean, product = tensors.constant(model.mean_), tensors.affine(weights, 0.0)
    rng = np.random.default_rng(len(weights))
    examples = model.mean_ + rng.standard_normal((32, len(weights))) * np.sqrt(model.explained_variance_.max())
    return Translation({"transform": lambda x: product(x - mean)}, examples=examples)


def truncated_svd(model: Any, _: Nested) -> Translation:
    """TruncatedSVD: the rows times the components."""
    return Translation({"transform": tensors.affine(model.components_.T, 0.0)})
