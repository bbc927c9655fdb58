"""Single trees, and forests, which predict the mean of their trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate import tensors
from lightship.compiler.sources.sklearn.translate.base import Nested, Translation, Untranslatable
from lightship.compiler.sources.sklearn.translate.trees.nodes import examples, predictor_of, tree_of
from lightship.compiler.trees import Ensemble, join
from lightship.compiler.trees.examples import without_ties
from lightship.tensors import Array


def tree(estimator: Any, nested: Nested) -> Translation:
    """Translate a DecisionTree or ExtraTree."""
    return _averaged(estimator, [estimator])


def forest(estimator: Any, nested: Nested) -> Translation:
    """Translate a RandomForest or ExtraTrees."""
    return _averaged(estimator, estimator.estimators_)


def _averaged(estimator: Any, members: Sequence[Any]) -> Translation:
    classes = getattr(estimator, "classes_", None)
    if classes is not None and estimator.n_outputs_ > 1:
        raise Untranslatable(
            f"{type(estimator).__name__} predicts {estimator.n_outputs_} targets: fit one classifier for each target"
        )
    values = _targets if classes is None else _probabilities
    trees = [tree_of(each, values(each.tree_)) for each in members]
    ensemble = Ensemble(join(trees, columns=estimator.n_features_in_), divisor=len(members))
    predictor = predictor_of(estimator, ensemble)
    rows = examples(ensemble.forest, missing=bool(estimator.__sklearn_tags__().input_tags.allow_nan))
    if classes is None:
        return Translation({"predict": predictor.predictions}, examples=rows, additive=ensemble)
    methods = {"predict_proba": predictor.scores, "predict": tensors.largest(predictor.scores)}
    distinct = without_ties(rows, estimator.predict_proba(rows))
    return Translation(methods, classes=classes, examples=distinct, additive=ensemble)


def _targets(nodes: Any) -> Array:
    """Return the values of each node [nodes, targets]."""
    return np.asarray(nodes.value[:, :, 0])


def _probabilities(nodes: Any) -> Array:
    """Return the classes' shares in each node, as predict_proba returns them."""
    values = np.asarray(nodes.value[:, 0, :])
    sums = values.sum(axis=1, keepdims=True)
    return np.asarray(values / np.where(sums == 0.0, 1.0, sums))
