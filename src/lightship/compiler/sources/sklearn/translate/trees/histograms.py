"""Gradient boosting on histograms, which compares float64 values.

The features become integer ranks before the graph: LiteRT cannot compare float64. scikit-learn has no public access to
the fitted trees, so attributes of the estimator are read by name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate.base import Nested, Translation, Untranslatable
from lightship.compiler.sources.sklearn.translate.trees.boosting import activation, boosted
from lightship.compiler.sources.traced import FEATURES
from lightship.compiler.trees import Ensemble, Forest, Tree, join
from lightship.compiler.trees.examples import neighbours
from lightship.compiler.trees.forest import LEAF
from lightship.compiler.trees.thresholds import Ranking


def hist_gradient_boosting(estimator: Any, nested: Nested) -> Translation:
    """Translate HistGradientBoosting: an initial value plus a sum of trees."""
    name = type(estimator).__name__
    if estimator.is_categorical_ is not None:
        raise Untranslatable(f"{name} has categorical features: encode them before it, without categorical_features")
    forest, initial = _forest(estimator, name)
    ranking = Ranking.of(forest.feature, forest.threshold, forest.columns)
    ranked = replace(forest, threshold=ranking.ranks(forest.feature, forest.threshold))
    ensemble = Ensemble(ranked, bias=np.ravel(initial), activation=activation(estimator, groups=forest.groups))
    translation = boosted(estimator, ensemble, neighbours(ranking.bounds, "float64", missing=True))
    return replace(translation, program=ranking.program(FEATURES), dtype="int32")


def _forest(estimator: Any, name: str) -> tuple[Forest, Any]:
    state = vars(estimator)
    try:
        stages, initial = state["_predictors"], state["_baseline_prediction"]
        trees = [_tree(predictor.nodes) for stage in stages for predictor in stage]
    except (KeyError, AttributeError, ValueError):
        raise Untranslatable(f"{name} holds no trees in the form of the installed scikit-learn") from None
    return join(trees, columns=estimator.n_features_in_, groups=len(stages[0])), initial


def _tree(nodes: Any) -> Tree:
    """Return the nodes of one tree, which are a structured array."""
    leaf = nodes["is_leaf"].astype(bool)
    return Tree(
        feature=np.where(leaf, LEAF, nodes["feature_idx"].astype(np.int64)),
        threshold=nodes["num_threshold"].astype(np.float64),
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        missing_left=nodes["missing_go_to_left"],
        values=nodes["value"][:, np.newaxis],
        cover=nodes["count"],
    )
