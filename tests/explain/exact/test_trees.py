"""TreeSHAP beside conditional expectations by brute force, and beside shap."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.compiler import sources
from lightship.compiler.attributions.exact import trees_of
from lightship.compiler.sources.sklearn.translate import translate
from lightship.errors import TooLarge
from lightship.explain.exact import paths
from lightship.explain.exact.nodes import LEAF, Nodes
from lightship.explain.exact.trees import Trees
from lightship.tensors import Array
from tests.explain.exact.deep_trees import chain
from tests.explain.exact.shap_models import BOOSTERS, COUNT, SKLEARN

COLUMNS = 4
SHAP = json.loads(Path(__file__).with_name("shap_values.json").read_text())["models"]


def random_trees(seed: int, *, depth: int = 5, trees: int = 3, width: int = 2, dtype: str = "float32") -> Trees:
    """Return trees with repeated features on a path and leaves without rows."""
    rng = np.random.default_rng(seed)
    feature, threshold, child, cover, level = [], [], [], [], list(range(trees))
    total, depths = trees, dict.fromkeys(level, 0)
    for node in level:
        inner = depths[node] < depth and (depths[node] == 0 or rng.random() < 0.8)
        feature.append(int(rng.integers(COLUMNS)) if inner else LEAF)
        threshold.append(rng.integers(0, 4) if dtype == "int32" else rng.normal())
        child.append(total if inner else 0)
        cover.append(float(rng.integers(0, 6)) + (not inner or rng.random()))
        if inner:
            level += [total, total + 1]
            depths |= {total: depths[node] + 1, total + 1: depths[node] + 1}
            total += 2
    nodes = Nodes(
        feature=np.array(feature, np.int32),
        threshold=np.array(threshold, dtype),
        child=np.array(child, np.int32),
        missing_left=rng.random(total) < 0.5,
        values=rng.normal(size=(total, width)).astype(np.float32),
        cover=np.where(rng.random(total) < 0.1, 0, cover).astype(np.float32),
        roots=np.arange(trees, dtype=np.int32),
        columns=COLUMNS,
    )
    left = nodes.child[nodes.inner]
    nodes.cover[left[nodes.cover[left] + nodes.cover[left + 1] == 0]] = 1
    nodes.check()
    return Trees(nodes, rng.normal(size=width), trees)


def expectation(trees: Trees, row: Array, present: set[int], output: int) -> float:
    """Return the mean of the leaves that a row may reach, by walking down the nodes."""
    nodes, weights = trees.nodes, trees.nodes.weights()

    def below(node: int) -> float:
        feature, left = int(nodes.feature[node]), int(nodes.child[node])
        if feature == LEAF:
            return float(nodes.values[node, output])
        if feature not in present:
            return float(weights[left] * below(left) + weights[left + 1] * below(left + 1))
        value = row[feature]
        missing = np.isnan(value) if nodes.threshold.dtype.kind == "f" else value < 0
        goes_left = nodes.missing_left[node] if missing else value <= nodes.threshold[node]
        return below(left if goes_left else left + 1)

    return float(trees.bias[output]) + sum(below(int(root)) for root in nodes.roots) / trees.divisor


def shapley(trees: Trees, row: Array, output: int) -> Array:
    """Return the Shapley values of the conditional expectations: the definition."""
    found = np.zeros(COLUMNS)
    for feature in range(COLUMNS):
        others = [each for each in range(COLUMNS) if each != feature]
        for size in range(COLUMNS):
            for chosen in combinations(others, size):
                gain = expectation(trees, row, {*chosen, feature}, output) - expectation(trees, row, {*chosen}, output)
                found[feature] += gain / (COLUMNS * comb(COLUMNS - 1, size))
    return found


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize("seed", range(6))
def test_effects_random_trees_equal_shapley_values_by_brute_force(seed: int, dtype: str) -> None:
    trees, rng = random_trees(seed, dtype=dtype), np.random.default_rng(seed)
    if dtype == "int32":
        rows = rng.integers(-1, 5, (4, COLUMNS)).astype(np.int32)
    else:
        rows = np.where(rng.random((4, COLUMNS)) < 0.2, np.nan, rng.normal(size=(4, COLUMNS))).astype(np.float32)
    for output in range(2):
        base, effects = trees.effects(rows, output)
        assert base == pytest.approx(expectation(trees, rows[0], set(), output), rel=1e-6)
        assert effects == pytest.approx(np.array([shapley(trees, row, output) for row in rows]), rel=1e-6, abs=1e-9)
        everything = [expectation(trees, row, set(range(COLUMNS)), output) for row in rows]
        assert base + effects.sum(axis=1) == pytest.approx(np.array(everything), rel=1e-9)
        assert trees.scores(rows)[:, output] == pytest.approx(np.array(everything), rel=1e-9)


def test_effects_infinity_equals_largest_number() -> None:
    trees = random_trees(1)
    rows = np.array([[np.inf, -np.inf, 0, 0], [3e38, -3e38, 0, 0]], np.float32)
    _, effects = trees.effects(rows, 0)
    assert effects[0].tolist() == effects[1].tolist()


def test_effects_tree_of_one_leaf_are_zero() -> None:
    trees = random_trees(0, depth=0)
    base, effects = trees.effects(np.zeros((2, COLUMNS), np.float32), 0)
    assert not effects.any()
    assert base == pytest.approx(trees.bias[0] + trees.nodes.values[:3, 0].mean())


def test_effects_many_rows_equal_those_of_single_rows() -> None:
    trees = random_trees(2, depth=8, trees=60)
    rows = np.random.default_rng(0).normal(size=(60, COLUMNS)).astype(np.float32)
    _, effects = trees.effects(rows, 1)
    assert effects == pytest.approx(np.concatenate([trees.effects(row[np.newaxis], 1)[1] for row in rows]))


@pytest.mark.parametrize(("depth", "columns"), [(3000, 1), (129, 129)])
def test_paths_of_too_deep_tree_raises_too_large(depth: int, columns: int) -> None:
    nodes = chain(depth, columns=columns)
    nodes.check()
    with pytest.raises(TooLarge):
        paths.paths_of(nodes, groups=1)


def test_effects_path_of_all_features_add_up_to_score() -> None:
    count = paths.MOST_CONDITIONS
    trees = Trees(chain(count, columns=count), np.zeros(1))
    rows = np.random.default_rng(0).normal(size=(3, count)).astype(np.float32)
    base, effects = trees.effects(rows, 0)
    assert base + effects.sum(axis=1) == pytest.approx(trees.scores(rows)[:, 0])


def test_effects_beyond_time_stop_between_blocks() -> None:
    calls = []

    def check_time() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise TooLarge("late")

    with pytest.raises(TooLarge):
        Trees(chain(9, columns=9), np.zeros(1)).effects(np.zeros((1, 9), np.float32), 0, check_time)
    assert len(calls) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"child": np.array([0, 0, 0], np.int32)},
        {"child": np.array([2, 0, 0], np.int32)},
        {"feature": np.array([9, LEAF, LEAF], np.int32)},
        {"feature": np.array([-2, LEAF, LEAF], np.int32)},
        {"roots": np.array([3], np.int32)},
        {"roots": np.array([1], np.int32)},
        {"threshold": np.array([np.nan, 0, 0], np.float32)},
        {"values": np.array([[0], [np.inf], [0]], np.float32)},
        {"values": np.zeros(3, np.float32)},
        {"cover": np.array([1, 0, 0], np.float32)},
        {"cover": np.array([1, -1, 2], np.float32)},
        {"cover": np.ones(2, np.float32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_check_broken_arrays_raises_value_error(changes: dict[str, Array]) -> None:
    stump = Nodes(
        feature=np.array([0, LEAF, LEAF], np.int32),
        threshold=np.zeros(3, np.float32),
        child=np.array([1, 0, 0], np.int32),
        missing_left=np.zeros(3, bool),
        values=np.zeros((3, 1), np.float32),
        cover=np.array([3, 1, 2], np.float32),
        roots=np.zeros(1, np.int32),
        columns=1,
    )
    stump.check()
    with pytest.raises(ValueError, match="tree|node|position|cover|threshold"):
        replace(stump, **changes).check()


def of_booster(name: str, folder: Path) -> tuple[Trees, Array]:
    make, rows = BOOSTERS[name]
    path = folder / ("model.json" if "xgboost" in name else "model.txt")
    make().save_model(path)
    importer = sources.find(path)
    original: Any = importer.load(path, folder, trust=False)
    program = original.preprocessing.get(original.signatures[0].name)
    inputs = {"features": rows[:COUNT].astype(original.signatures[0].inputs[0].numpy)}
    (features,) = (program.bind().run(inputs) if program else inputs).values()
    return trees_of(original.additive), features


def of_estimator(name: str) -> tuple[Trees, Array]:
    make, rows = SKLEARN[name]
    translation = translate(make())
    assert translation.additive is not None
    program, first = translation.program, rows[:COUNT]
    features = program.bind().run({"features": first})["features"] if program else first.astype(np.float32)
    return trees_of(translation.additive), features


@pytest.mark.parametrize("name", [*SKLEARN, *BOOSTERS])
def test_effects_fitted_model_agree_with_shap(name: str, tmp_path: Path) -> None:
    trees, features = of_estimator(name) if name in SKLEARN else of_booster(name, tmp_path)
    expected, bases = np.array(SHAP[name]["values"]), SHAP[name]["base"]
    scale = np.abs(expected).max()
    for output in range(trees.outputs):
        base, effects = trees.effects(features, output)
        assert base == pytest.approx(bases[output], rel=1e-5, abs=1e-5 * scale)
        assert effects == pytest.approx(expected[:, :, output], rel=1e-5, abs=1e-6 * scale)
