"""The content of a LightGBM model file, validated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lightship.compiler.sources.boosting.lightgbm.objective import Objective, objective_of
from lightship.compiler.sources.boosting.lightgbm.text import Model, Section
from lightship.compiler.sources.boosting.model import MOST_FEATURES, Boosted, BrokenModel
from lightship.compiler.trees import Ensemble, InvalidForest, Tree, arrange, join
from lightship.compiler.trees.forest import LEAF
from lightship.compiler.trees.thresholds import Ranking, before
from lightship.errors import SourceRefused
from lightship.tensors import Array

MOST_CLASSES = 100_000
# Bits of decision_type.
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_ZERO, _NAN = 1, 2  # what counts as missing; 0 is nothing
_NEAR_ZERO = float(np.float32(1e-35))  # LightGBM reads smaller magnitudes as zero


@dataclass(frozen=True)
class Validated:
    """A validated model and its objective."""

    boosted: Boosted
    objective: Objective


def validated(model: Model, label: str) -> Validated:
    """Return the validated model of a parsed file; raises SourceRefused."""
    header = model.header
    columns = header.integer("max_feature_idx", 0, MOST_FEATURES - 1) + 1
    groups = header.integer("num_tree_per_iteration", 1, MOST_CLASSES)
    if header.integer("num_class", 1, MOST_CLASSES) != groups:
        raise header.broken("num_class", f"equal to num_tree_per_iteration, which is {groups}")
    objective = objective_of(header, groups)
    return Validated(_boosted(model, label, objective=objective, columns=columns), objective)


def _boosted(model: Model, label: str, *, objective: Objective, columns: int) -> Boosted:
    groups = objective.groups
    try:
        forest = join([_tree(section) for section in model.trees], columns=columns, groups=groups)
        ranking = Ranking.of(forest.feature, forest.threshold, columns)
        ranked = replace(forest, threshold=ranking.ranks(forest.feature, forest.threshold))
        arrange(ranked)
    except InvalidForest as error:
        raise BrokenModel(f"{label} is not a LightGBM model: {error}") from None
    ensemble = Ensemble(
        ranked,
        activation=objective.activation,
        slope=objective.slope,
        divisor=len(model.trees) // groups if model.averaged else 1,
    )
    return Boosted(ensemble, objective.outputs, ranking.bounds, names=_names(model.header, columns), ranking=ranking)


def _names(header: Section, columns: int) -> tuple[str, ...]:
    names = tuple(header.fields.get("feature_names", "").split())
    if len(names) != columns:
        raise header.broken("feature_names", f"{columns} names")
    return () if names == tuple(f"Column_{index}" for index in range(columns)) else names


def _tree(section: Section) -> Tree:
    """Return a tree: its inner nodes, then its leaves."""
    leaves = section.leaves
    _check_kind(section)
    inner = leaves - 1
    values = np.concatenate([np.zeros(inner), section.floats("leaf_value", leaves)])
    empty = np.zeros(leaves, np.int64)
    if not inner:
        return Tree(empty + LEAF, np.zeros(1), empty, empty, empty == 1, values[:, np.newaxis], np.ones(1))
    threshold = section.floats("threshold", inner)
    decision = section.integers("decision_type", inner)
    feature = section.integers("split_feature", inner)
    if (feature < 0).any():
        raise section.broken("split_feature", f"{inner} positions of features")
    return Tree(
        feature=np.concatenate([feature, empty + LEAF]),
        threshold=np.concatenate([_beside_zero(threshold), np.zeros(leaves)]),
        left=np.concatenate([_children(section, "left_child", inner), empty]),
        right=np.concatenate([_children(section, "right_child", inner), empty]),
        missing_left=np.concatenate([_missing_left(section, decision, threshold), empty == 1]),
        values=values[:, np.newaxis],
        cover=_cover(section, leaves),
    )


def _cover(section: Section, leaves: int) -> Array | None:
    """Return the numbers of training rows; None where the file has none."""
    sizes = {"internal_count": leaves - 1, "leaf_count": leaves}
    if not sizes.keys() <= section.fields.keys():
        return None
    return np.concatenate([section.floats(name, count) for name, count in sizes.items()])


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
