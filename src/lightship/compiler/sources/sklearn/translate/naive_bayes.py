"""Naive Bayes: the joint log likelihood of each class."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate import tensors
from lightship.compiler.sources.sklearn.translate.base import Nested, Translation
from lightship.compiler.sources.traced import Method
from lightship.compiler.trees.thresholds import rounded_down
from lightship.tensors import Array


def gaussian(model: Any, _: Nested) -> Translation:
    """GaussianNB."""
    import tensorflow as tf

    offsets = tensors.constant(np.log(model.class_prior_) - 0.5 * np.log(2.0 * np.pi * model.var_).sum(axis=1))
    means, deviations = tensors.constant(model.theta_), tensors.constant(np.sqrt(model.var_))

    def likelihood(x: Any) -> Any:
        apart = (tf.expand_dims(x, 1) - means) / deviations
        return offsets - 0.5 * tf.reduce_sum(apart * apart, axis=2)

    return _classifier(model, likelihood, _around(model.theta_, np.sqrt(model.var_)))


def multinomial(model: Any, _: Nested) -> Translation:
    """MultinomialNB."""
    return _classifier(model, tensors.affine(model.feature_log_prob_.T, model.class_log_prior_), _counts(model))


def complement(model: Any, _: Nested) -> Translation:
    """ComplementNB."""
    prior = model.class_log_prior_ if len(model.classes_) == 1 else 0.0
    return _classifier(model, tensors.affine(model.feature_log_prob_.T, prior), _counts(model))


def bernoulli(model: Any, _: Nested) -> Translation:
    """BernoulliNB."""
    import tensorflow as tf

    absent = np.log(1.0 - np.exp(model.feature_log_prob_))
    product = tensors.affine((model.feature_log_prob_ - absent).T, model.class_log_prior_ + absent.sum(axis=1))
    if model.binarize is None:
        return _classifier(model, product, _counts(model) % 2)
    threshold = rounded_down(np.asarray(model.binarize, np.float64))
    examples = _counts(model) % 3 - 1 + model.binarize
    return _classifier(model, lambda x: product(tf.cast(x > threshold, tf.float32)), examples)


def _classifier(model: Any, likelihood: Method, examples: Array) -> Translation:
    methods = {"predict_proba": tensors.softmax(likelihood), "predict": tensors.largest(likelihood)}
    return Translation(methods, classes=model.classes_, examples=examples)


def _around(means: Array, deviations: Array) -> Array:
    """Return rows around the means of all classes."""
    rng = np.random.default_rng(len(means))
    picked = np.arange(32) % len(means)
    return np.asarray(means[picked] + deviations[picked] * rng.standard_normal((32, means.shape[1])))


def _counts(model: Any) -> Array:
    """Return rows of small counts."""
    rng = np.random.default_rng(len(model.classes_))
    return rng.integers(0, 6, (32, model.n_features_in_)).astype(np.float64)
