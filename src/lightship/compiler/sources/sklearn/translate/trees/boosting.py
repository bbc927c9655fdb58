"""Gradient boosting: an initial score plus a sum of regression trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate.base import Nested, Translation, Untranslatable
from lightship.compiler.sources.sklearn.translate.trees.nodes import examples, predictor_of, tree_of
from lightship.compiler.trees import Activation, Ensemble, join
from lightship.tensors import Array

_LOG_LINKS = ("poisson", "gamma")  # losses whose raw scores are logarithms


def gradient_boosting(estimator: Any, nested: Nested) -> Translation:
    """Translate GradientBoosting."""
    stages = estimator.estimators_
    trees = [tree_of(each, np.ravel(each.tree_.value) * estimator.learning_rate) for each in stages.ravel()]
    ensemble = Ensemble(
        join(trees, columns=estimator.n_features_in_, groups=stages.shape[1], missing=False),
        bias=_initial(estimator),
        activation=activation(estimator, groups=stages.shape[1]),
        slope=2.0 if estimator.loss == "exponential" else 1.0,
        at_zero=1,
    )
    return boosted(estimator, ensemble, examples(ensemble.forest, missing=False))


def activation(estimator: Any, *, groups: int) -> Activation:
    """Return the function from raw scores to predictions, the inverse link."""
    if hasattr(estimator, "classes_"):
        return "softmax" if groups > 1 else "sigmoid"
    return "exp" if estimator.loss in _LOG_LINKS else "identity"


def boosted(estimator: Any, ensemble: Ensemble, rows: Array) -> Translation:
    """Return the methods of a boosted ensemble; ``rows`` are its examples."""
    predictor = predictor_of(estimator, ensemble)
    if not hasattr(estimator, "classes_"):
        return Translation({"predict": predictor.predictions}, examples=rows, additive=ensemble)
    methods = {
        "predict_proba": predictor.probabilities,
        "predict": predictor.class_positions,
        "decision_function": predictor.decisions,
    }
    return Translation(methods, classes=estimator.classes_, examples=rows, additive=ensemble)


def _initial(estimator: Any) -> Array:
    """Return the raw score before the first tree, one for each group.

    Raises Untranslatable for an initial estimator that reads the features.
    """
    first = estimator.init_
    if isinstance(first, str):
        return np.zeros(estimator.estimators_.shape[1])
    name = type(first).__name__
    constant = _CONSTANTS.get(name)
    if constant is None or getattr(first, "strategy", "") not in {"prior", "mean", "median", "quantile", "constant"}:
        raise Untranslatable(f"{type(estimator).__name__} begins with {name}: fit it without init")
    return constant(estimator, first)


def _of_prior(estimator: Any, first: Any) -> Array:
    """Return the raw score of the prior probabilities, or of a constant class."""
    prior = np.clip(first.predict_proba(np.zeros((1, 1)))[0], *_CLIP)
    if estimator.loss == "exponential":
        return np.array([0.5 * np.log(prior[1] / (1 - prior[1]))])
    if len(prior) == 2:
        return np.array([np.log(prior[1] / (1 - prior[1]))])
    return np.asarray(np.log(prior) - np.mean(np.log(prior)))


def _of_constant(estimator: Any, first: Any) -> Array:
    return np.ravel(first.constant_)[:1].astype(np.float64)


_CLIP = (np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
_CONSTANTS: Mapping[str, Callable[[Any, Any], Array]] = {
    "DummyClassifier": _of_prior,
    "DummyRegressor": _of_constant,
}
