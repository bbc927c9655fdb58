"""Forests: validation, and evaluation on LiteRT beside a walk from node to node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.compiler.trees import Forest, InvalidForest, Tree, arrange, join, total
from lightship.compiler.trees.examples import neighbours
from lightship.compiler.trees.forest import LEAF, MOST_DEPTH, Membership, check
from lightship.compiler.trees.thresholds import Ranking, before, rounded_down
from lightship.tensors import Array
from tests.compiler.trees.converted import convert, run


def chain(depth: int, columns: int = 3, width: int = 1) -> Tree:
    """Return a tree that has one leaf on every level."""
    rng = np.random.default_rng(depth)
    nodes = 2 * depth + 1
    inner = np.arange(nodes) % 2 == 0
    inner[-1] = False
    return Tree(
        feature=np.where(inner, rng.integers(0, columns, nodes), LEAF),
        threshold=rng.standard_normal(nodes).astype(np.float32),
        left=np.where(inner, np.arange(nodes) + 1, 0),
        right=np.where(inner, np.arange(nodes) + 2, 0),
        missing_left=rng.random(nodes) < 0.5,
        values=rng.standard_normal((nodes, width)),
    )


def walk(forest: Forest, rows: Array) -> Array:
    """Return what a forest computes, node by node and in float64."""
    found = np.zeros((len(rows), forest.groups * forest.values.shape[1]))
    for number, root in enumerate(forest.roots):
        group = number % forest.groups
        for row, values in enumerate(rows):
            leaf = forest.values[_leaf(forest, int(root), values)]
            found[row, group * len(leaf) : (group + 1) * len(leaf)] += leaf
    return found


def _leaf(forest: Forest, node: int, values: Array) -> int:
    sets = [each for each in forest.memberships for _ in range(each.outside.shape[1])]
    while (feature := forest.feature[node]) != LEAF:
        if feature >= forest.columns:
            member = sets[feature - forest.columns]
            column = feature - forest.columns - next(i for i, each in enumerate(sets) if each is member)
            left = not member.outside[int(values[member.feature]) + 1, column]
        elif forest.missing_left is not None and (np.isnan(values[feature]) or (forest.ranked and values[feature] < 0)):
            left = bool(forest.missing_left[node])
        else:
            left = values[feature] <= forest.threshold[node]
        node = int(forest.left[node] if left else forest.right[node])
    return node


def agree(forest: Forest, rows: Array, folder: Path) -> None:
    layout = arrange(forest)
    engine = convert({"sums": lambda features: total(layout, features)}, forest.columns, rows.dtype.name, folder)
    for part in (rows[:1], rows):
        np.testing.assert_allclose(run(engine, "sums", part), walk(forest, part), rtol=1e-5, atol=1e-5)


def test_total_of_deep_trees_in_groups_equals_walk(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).standard_normal((40, 3)).astype(np.float32) + 1
    rows[20:][np.random.default_rng(2).random((20, 3)) < 0.3] = np.nan
    agree(join([chain(depth) for depth in (1, 70, 3, 66)], columns=3, groups=2), rows, tmp_path)


def test_total_of_many_trees_equals_walk(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).standard_normal((9, 3)).astype(np.float32)
    agree(join([chain(2 + number % 3, width=2) for number in range(37)], columns=3, missing=False), rows, tmp_path)


def test_total_of_sets_and_ranks_equals_walk(tmp_path: Path) -> None:
    tree = replace(chain(4), feature=np.array([0, LEAF, 3, LEAF, 4, LEAF, 1, LEAF, LEAF]))
    forest = join([replace(tree, threshold=np.array([2, 0, 0, 0, 0, 0, 1, 0, 0], np.int32))], columns=3)
    outside = np.array([[True, False], [False, True], [True, False], [False, False]])
    forest = replace(forest, memberships=(Membership(2, outside),))
    rows = np.random.default_rng(3).integers(-1, 3, (60, 3)).astype(np.int32)
    agree(forest, rows, tmp_path)


def changed(name: str, index: int, value: Any) -> Forest:
    forest = join([chain(3), chain(2)], columns=3)
    array = np.array(getattr(forest, name))
    array[index] = value
    return replace(forest, **{name: array})


@pytest.mark.parametrize(
    "forest",
    [
        changed("left", 0, 0),
        changed("left", 2, 0),
        changed("left", 0, 2),
        changed("right", 0, 99),
        changed("right", 0, -1),
        changed("roots", 1, 1),
        changed("roots", 1, 99),
        changed("feature", 0, 3),
        changed("feature", 0, -2),
        changed("threshold", 0, np.nan),
        changed("values", 1, np.inf),
        replace(changed("left", 0, 1), values=np.zeros((1, 1))),
        replace(changed("left", 0, 1), groups=5),
        replace(changed("left", 0, 1), roots=np.empty(0, np.int64)),
    ],
    ids=str,
)
def test_check_broken_forest_raises(forest: Forest) -> None:
    with pytest.raises(InvalidForest):
        check(forest)


def test_arrange_tree_beyond_depth_limit_raises() -> None:
    with pytest.raises(InvalidForest, match=str(MOST_DEPTH)):
        arrange(join([chain(MOST_DEPTH + 1)], columns=3))


@pytest.mark.parametrize("child", [0, 7, -1])
def test_join_tree_with_child_of_another_tree_raises(child: int) -> None:
    tree = chain(3)
    tree.left[2] = child
    with pytest.raises(InvalidForest, match="tree 1"):
        join([chain(3), tree], columns=3)


def test_rounded_down_thresholds_compare_as_float64() -> None:
    thresholds = np.concatenate([np.random.default_rng(5).standard_normal(500), [0.0, -0.0, 1e-50, -1e-50, 1e30]])
    rounded = rounded_down(thresholds)
    for values in (rounded, np.nextafter(rounded, np.float32(np.inf)), before(rounded)):
        np.testing.assert_array_equal(values <= rounded, values.astype(np.float64) <= thresholds)


def test_ranking_compares_as_float64() -> None:
    feature = np.array([0, 1, LEAF, 1, 0, 1])
    threshold = np.array([0.1, 5.0, 0.0, np.nextafter(5.0, 6.0), -np.inf, np.inf])
    ranking = Ranking.of(feature, threshold, 3)
    rows = neighbours(ranking.bounds, "float64", missing=True)
    program = ranking.program("features").bind()
    ranks = program.run({"features": np.tile(rows, (200, 1))})["features"][: len(rows)]
    np.testing.assert_array_equal(program.run({"features": rows})["features"], ranks)
    for node, rank in enumerate(ranking.ranks(feature, threshold)):
        if (column := feature[node]) != LEAF:
            number = ~np.isnan(rows[:, column])
            np.testing.assert_array_equal((ranks[:, column] <= rank)[number], rows[number, column] <= threshold[node])
            assert (ranks[~number, column] == -1).all()
