"""Clusterers by distances from centers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate import tensors
from lightship.compiler.sources.sklearn.translate.base import Nested, Translation


def kmeans(model: Any, _: Nested) -> Translation:
    """KMeans and MiniBatchKMeans: the nearest center, and the distances from all."""
    import tensorflow as tf

    centers = np.asarray(model.cluster_centers_, np.float64)
    rng = np.random.default_rng(len(centers))
    picked = centers[np.arange(32) % len(centers)]

    def transform(x: Any) -> Any:
        return tf.sqrt(tensors.squared_distances(x, centers))

    examples = picked + rng.standard_normal(picked.shape) * centers.std(axis=0)
    return Translation({"predict": tensors.nearest(centers), "transform": transform}, examples=examples)
