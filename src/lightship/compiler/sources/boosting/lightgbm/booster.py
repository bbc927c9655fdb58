"""The content of a LightGBM model file, validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lightship.compiler.sources.boosting.lightgbm.text import Model, Section
from lightship.compiler.sources.boosting.model import Boosted, BrokenModel
from lightship.compiler.trees import InvalidForest, Tree, arrange, join
from lightship.compiler.trees.forest import LEAF, MOST_NODES
from lightship.compiler.trees.thresholds import Ranking, before
from lightship.errors import SourceRefused
from lightship.tensors import Array

MOST_FEATURES = 1_000_000
MOST_CLASSES = 100_000
# Bits of decision_type.
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_ZERO, _NAN = 1, 2  # what counts as missing; 0 is nothing
_NEAR_ZERO = float(np.float32(1e-35))  # LightGBM reads smaller magnitudes as zero

_OBJECTIVES: Mapping[str, str] = {
    **dict.fromkeys(("regression", "regression_l1", "huber", "fair", "quantile", "mape"), "identity"),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
    **dict.fromkeys(("lambdarank", "rank_xendcg", ""), "identity"),
    "binary": "binary",
    "cross_entropy": "sigmoid",
    "cross_entropy_lambda": "softplus",
    "multiclass": "softmax",
    "multiclassova": "one_vs_all",
}


def boosted_of(model: Model, label: str) -> Boosted:
    """Return the validated model of a parsed file; raises SourceRefused."""
    header = model.header
    columns = header.integer("max_feature_idx", 0, MOST_FEATURES - 1) + 1
    groups = header.integer("num_tree_per_iteration", 1, MOST_CLASSES)
    header.integer("num_class", 1, MOST_CLASSES)
    header.integer("label_index", 0, MOST_FEATURES)
    try:
        forest = join([_tree(section) for section in model.trees], columns=columns, groups=groups)
        ranking = Ranking.of(forest.feature, forest.threshold, columns)
        ranked = replace(forest, threshold=ranking.ranks(forest.feature, forest.threshold))
        arrange(ranked)
    except InvalidForest as error:
        raise BrokenModel(f"{label} is not a LightGBM model: {error}") from None
    link, slope = _link(header)
    return Boosted(
        forest=ranked,
        bias=np.zeros(groups),
        link=link,
        bounds=ranking.bounds,
        names=_names(header, columns),
        ranking=ranking,
        slope=slope,
        scale=groups / len(model.trees) if model.averaged else 1.0,
    )


def _link(header: Section) -> tuple[str, float]:
    """Return the link of the objective, and the slope of its sigmoid."""
    name, *options = header.fields.get("objective", "").split() or [""]
    if name not in _OBJECTIVES:
        raise SourceRefused(
            f"{header.label} has the objective '{name:.80}', which cannot be compiled: the objectives are "
            f"{', '.join(sorted(filter(None, _OBJECTIVES)))}"
        )
    values = dict(option.partition(":")[::2] for option in options)
    try:
        slope = float(np.float32(values.get("sigmoid", "1")))
    except ValueError:
        slope = np.nan
    if not 0 < slope < np.inf:
        raise header.broken("objective", "a name and options such as sigmoid:1")
    return "square" if "sqrt" in values else _OBJECTIVES[name], slope


def _names(header: Section, columns: int) -> tuple[str, ...]:
    names = tuple(header.fields.get("feature_names", "").split())
    if len(names) != columns:
        raise header.broken("feature_names", f"{columns} names")
    return () if names == tuple(f"Column_{index}" for index in range(columns)) else names


def _tree(section: Section) -> Tree:
    """Return a tree: its inner nodes, then its leaves."""
    leaves = section.integer("num_leaves", 1, MOST_NODES // 2)
    _check_kind(section)
    inner = leaves - 1
    values = np.concatenate([np.zeros(inner), section.floats("leaf_value", leaves)])
    empty = np.zeros(leaves, np.int64)
    if not inner:
        return Tree(empty + LEAF, np.zeros(1), empty, empty, empty == 1, values[:, np.newaxis])
    threshold = section.floats("threshold", inner)
    decision = section.integers("decision_type", inner)
    return Tree(
        feature=np.concatenate([section.integers("split_feature", inner), empty + LEAF]),
        threshold=np.concatenate([_beside_zero(threshold), np.zeros(leaves)]),
        left=np.concatenate([_children(section, "left_child", inner), empty]),
        right=np.concatenate([_children(section, "right_child", inner), empty]),
        missing_left=np.concatenate([_missing_left(section, decision, threshold), empty == 1]),
        values=values[:, np.newaxis],
    )


def _beside_zero(threshold: Array) -> Array:
    """Return thresholds that treat values near zero as LightGBM does: as zero."""
    moved = np.where(threshold < 0.0, before(np.array(-_NEAR_ZERO)), _NEAR_ZERO)
    return np.where(np.abs(threshold) <= _NEAR_ZERO, moved, threshold)


def _children(section: Section, name: str, inner: int) -> Array:
    """Return the positions of children; a file numbers leaves as -1, -2, …"""
    children = section.integers(name, inner)
    if (children < -inner - 1).any() or (children >= inner).any():
        raise section.broken(name, f"{inner} integers from {-inner - 1} to {inner - 1}")
    return np.where(children < 0, inner - 1 - children, children)


def _check_kind(section: Section) -> None:
    if section.fields.get("num_cat", "0") != "0":
        raise SourceRefused(
            f"{section.label} splits at categories, which cannot be compiled: encode them as numbers before training, "
            "without categorical_feature"
        )
    if section.fields.get("is_linear", "0") != "0":
        raise SourceRefused(f"{section.label} has linear models in its leaves: train it without linear_tree")


def _missing_left(section: Section, decision: Array, threshold: Array) -> Array:
    """Return whether NaN advances to the left child.

    Where training saw no NaN, it counts as zero.
    """
    kind = decision >> _MISSING_SHIFT
    if (decision & _CATEGORICAL).any() or not np.isin(kind, (0, _ZERO, _NAN)).all():
        raise section.broken("decision_type", "types of numerical splits")
    if (kind == _ZERO).any():
        raise SourceRefused(
            f"{section.label} treats zeros as missing, which cannot be compiled: train it without zero_as_missing"
        )
    return np.where(kind == _NAN, (decision & _DEFAULT_LEFT) != 0, threshold >= 0.0)
