"""Nearest neighbours and centroids."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate import tensors
from lightship.compiler.sources.sklearn.translate.base import Nested, Translation, Untranslatable
from lightship.compiler.sources.traced import Method
from lightship.tensors import Array

MOST_VALUES = 4_000_000  # of the training data: 16 MB
MOST_ROWS = 100_000


def classifier(model: Any, _: Nested) -> Translation:
    """KNeighborsClassifier: votes of the nearest rows."""
    import tensorflow as tf

    if model.outputs_2d_:
        raise Untranslatable("KNeighborsClassifier of several labels per row cannot be compiled")
    nearest = _nearest(model)
    votes = np.eye(len(model.classes_), dtype=np.float32)[np.ravel(model._y)]  # no public attribute has the targets

    def shares(x: Any) -> Any:
        positions, weights = nearest(x)
        return tf.reduce_sum(tf.gather(tf.constant(votes), positions) * tf.expand_dims(weights, 2), axis=1)

    methods = {"predict_proba": tensors.normalised(shares), "predict": tensors.largest(shares)}
    return Translation(methods, classes=model.classes_, examples=_examples(_rows(model)))


def regressor(model: Any, _: Nested) -> Translation:
    """KNeighborsRegressor: the mean of the nearest rows."""
    import tensorflow as tf

    nearest, targets = _nearest(model), np.asarray(model._y, np.float32)  # no public attribute has the targets
    table = targets.reshape(len(targets), -1)

    def predict(x: Any) -> Any:
        positions, weights = nearest(x)
        total = tf.reduce_sum(tf.gather(tf.constant(table), positions) * tf.expand_dims(weights, 2), axis=1)
        return total / tf.reduce_sum(weights, axis=1, keepdims=True)

    methods = {"predict": tensors.flat(predict) if targets.ndim == 1 else predict}
    return Translation(methods, examples=_examples(_rows(model)))


def nearest_centroid(model: Any, _: Nested) -> Translation:
    """NearestCentroid, of equal priors: the class of the nearest centroid."""
    if model.metric != "euclidean":
        raise Untranslatable(f"NearestCentroid with metric={model.metric!r:.40} cannot be compiled: use 'euclidean'")
    if not np.isclose(model.class_prior_, 1 / len(model.classes_)).all():
        raise Untranslatable("NearestCentroid with unequal priors cannot be compiled: use priors='uniform'")
    centers = np.asarray(model.centroids_, np.float64)
    return Translation({"predict": tensors.nearest(centers)}, classes=model.classes_, examples=_examples(centers))


def _rows(model: Any) -> Array:
    return np.asarray(model._fit_X, np.float64)  # no public attribute has the training rows


def _nearest(model: Any) -> Method:
    """Return the function of positions and weights [rows, neighbours]."""
    import tensorflow as tf

    rows = _rows(model)
    _check(model, rows)
    manhattan = model.metric == "manhattan" or (model.metric == "minkowski" and model.p == 1)

    def nearest(x: Any) -> tuple[Any, Any]:
        if manhattan:
            distances = tf.reduce_sum(tf.abs(tf.expand_dims(x, 1) - tensors.constant(rows)), axis=2)
        else:
            distances = tensors.squared_distances(x, rows)
        found, positions = tf.math.top_k(-distances, k=int(model.n_neighbors), sorted=True)
        if model.weights == "uniform":
            return positions, tf.ones_like(found)
        return positions, _inverse(-found if manhattan else tf.sqrt(-found))

    return nearest


def _inverse(distances: Any) -> Any:
    """Return ``1 / distance``; a row with distances of zero counts only these."""
    import tensorflow as tf

    zero = tf.cast(tf.equal(distances, 0.0), tf.float32)
    any_zero = tf.reduce_max(zero, axis=1, keepdims=True) > 0.0
    return tf.where(any_zero, zero, 1.0 / tf.where(zero > 0.0, tf.ones_like(distances), distances))


def _check(model: Any, rows: Array) -> None:
    name = type(model).__name__
    euclidean = model.metric == "euclidean" or (model.metric == "minkowski" and model.p in (1, 2))
    if (not euclidean and model.metric != "manhattan") or model.metric_params:
        raise Untranslatable(f"{name} with metric={model.metric!r:.40} cannot be compiled: use euclidean or manhattan")
    if model.weights not in ("uniform", "distance"):
        raise Untranslatable(f"{name} with weights of its own cannot be compiled: use 'uniform' or 'distance'")
    if rows.size > MOST_VALUES or len(rows) > MOST_ROWS:
        raise Untranslatable(
            f"{name} holds {len(rows)} training rows of {rows.shape[1]} features, and the limit is {MOST_VALUES} "
            f"values and {MOST_ROWS} rows: fit it on fewer rows"
        )


def _examples(rows: Array) -> Array:
    """Return rows near some of the training rows."""
    rng = np.random.default_rng(len(rows))
    picked = rows[rng.integers(0, len(rows), 32)]
    return np.asarray(picked + rng.standard_normal(picked.shape) * rows.std(axis=0) * 0.3)
