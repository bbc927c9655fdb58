"""The trees of an XGBoost model: the boosters gbtree and dart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lightship.compiler.sources.boosting.xgboost.fields import Fields
from lightship.compiler.trees import Tree
from lightship.compiler.trees.forest import LEAF
from lightship.compiler.trees.thresholds import before
from lightship.errors import SourceRefused
from lightship.tensors import Array

_LENGTHS = ("base_weights", "loss_changes", "sum_hessian", "parents")  # that XGBoost reads beside the trees' own


@dataclass(frozen=True)
class Grown:
    """A tree as XGBoost has it.

    Attributes:
        tree: its nodes, with the weight in its values.
        conditions: float32 [nodes], thresholds and the values of leaves.
        weight: the factor of its values.
    """

    tree: Tree
    conditions: Array
    weight: float


@dataclass(frozen=True)
class Trees:
    """Trees in the order of training.

    Attributes:
        trees: all trees.
        group: the group of each tree.
        per_round: the number of trees of one boosting round.
        groups: the number of groups.
        dart: whether the booster is dart, whose trees have weights.
    """

    trees: Sequence[Grown]
    group: Array
    per_round: int
    groups: int
    dart: bool

    @property
    def rounds(self) -> int:
        """Return the number of boosting rounds."""
        return len(self.trees) // self.per_round

    def first(self, rounds: int) -> list[Grown]:
        """Return the trees of the first rounds (0: all), one of each group in turn."""
        count = rounds * self.per_round or len(self.trees)
        by_group = [np.flatnonzero(self.group[:count] == group) for group in range(self.groups)]
        return [self.trees[index] for index in np.stack(by_group, axis=1).ravel().tolist()]


def read_trees(booster: Fields, groups: int) -> Trees:
    """Return the trees of ``gradient_booster``; raises SourceRefused."""
    name = booster.get("name", str)
    if name not in ("gbtree", "dart"):
        raise SourceRefused(
            f"{booster.label} has the booster '{name:.40}', which has no trees: train it with the booster gbtree or "
            "dart, or use a linear model of scikit-learn"
        )
    model = (booster.object("gbtree") if name == "dart" else booster).object("model")
    records = model.objects("trees")
    for record in records[:1]:
        _check_leaves(record)
    parameters = model.object("gbtree_model_param")
    per_round = groups * max(1, parameters.integer("num_parallel_tree", 1))
    group = model.integers("tree_info", len(records))
    if not records or len(records) % per_round or parameters.integer("num_trees") != len(records):
        raise model.broken("trees", f"as many trees as gbtree_model_param.num_trees, a multiple of {per_round}")
    _check_rounds(model, group, per_round=per_round, groups=groups)
    weights = booster.floats("weight_drop", len(records)) if name == "dart" else np.ones(len(records), np.float32)
    trees = [_tree(record, weight) for record, weight in zip(records, weights, strict=True)]
    return Trees(trees, group, per_round, groups, name == "dart")


def _check_rounds(model: Fields, group: Array, *, per_round: int, groups: int) -> None:
    """Check the group of each tree, and the first tree of each round if given."""
    rounds = np.sort(group.reshape(-1, per_round), axis=1)
    if (rounds != np.repeat(np.arange(groups), per_round // groups)).any():
        raise model.broken("tree_info", f"equally many trees of each of the {groups} groups in each round")
    starts = model.integers("iteration_indptr") if model.get("iteration_indptr", list, []) else np.empty(0)
    if len(starts) and not np.array_equal(starts, np.arange(0, len(group) + 1, per_round)):
        raise model.broken("iteration_indptr", f"the multiples of {per_round} up to {len(group)}")


def _tree(record: Fields, weight: float) -> Grown:
    parameters = record.object("tree_param")
    nodes = parameters.integer("num_nodes")
    _check_leaves(record)
    left, right = record.integers("left_children", nodes), record.integers("right_children", nodes)
    leaf = left == LEAF
    if (leaf != (right == LEAF)).any():
        raise record.broken("right_children", "-1 for leaves, and only for these")
    feature = record.integers("split_indices", nodes)
    if (feature[~leaf] < 0).any():
        raise record.broken("split_indices", "a feature for each node with children")
    _check_rest(record, nodes)
    conditions = record.floats("split_conditions", nodes)
    tree = Tree(
        feature=np.where(leaf, LEAF, feature),
        threshold=before(conditions),
        left=left,
        right=right,
        missing_left=record.integers("default_left", nodes) == 1,
        values=np.where(leaf, conditions * weight, 0)[:, np.newaxis],
        cover=record.floats("sum_hessian", nodes),
    )
    return Grown(tree, conditions, float(weight))


def _check_leaves(record: Fields) -> None:
    if record.object("tree_param").integer("size_leaf_vector", 1) > 1:
        raise SourceRefused(
            f"{record.label} has trees with several values in a leaf: train it with multi_strategy one_output_per_tree"
        )


def _check_rest(record: Fields, nodes: int) -> None:
    """Check the arrays that only XGBoost reads, and that no split is categorical."""
    for name in _LENGTHS:
        record.integers(name, nodes) if name == "parents" else record.floats(name, nodes)
    if record.get("split_type", list, []) and record.integers("split_type", nodes).any():
        raise SourceRefused(
            f"{record.label} splits at categories, which cannot be compiled: encode them as numbers before training, "
            "without enable_categorical"
        )
