"""Figures of trees and coefficients: names, conditions in the user's units."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lightship.drawing.charts.bars import Bars
from lightship.drawing.charts.tree import Tree
from lightship.errors import InvalidInput
from lightship.explain.exact.figure import MOST_BARS, figure_of
from tests.drawing.drawn import Drawn
from tests.explain.exact.bundles import AGE, BOUGHT, INCOME, bundle_of, shop

IRIS, SPECIES = load_iris(return_X_y=True)


def drawn(estimator: Any, folder: Path, **options: Any) -> Tree | Bars:
    chart = figure_of(bundle_of(estimator, folder)[0], "title", **options)
    assert isinstance(chart, Tree | Bars)
    assert Drawn(chart).inside()
    return chart


def conditions(tree: Tree) -> list[str]:
    return [node.lines[0] for node in tree.root.walk() if node.branches]


def test_figure_tree_has_conditions_in_units_of_columns(tmp_path: Path) -> None:
    tree = drawn(shop(DecisionTreeClassifier(max_depth=4, random_state=0)), tmp_path)
    assert isinstance(tree, Tree)
    numbers = {
        name: [float(text.rpartition(" ")[2]) for text in conditions(tree) if text.startswith(f"{name} <=")]
        for name in ("age", "income")
    }
    assert all(AGE.min() < value < AGE.max() for value in numbers["age"])
    assert numbers["income"]
    assert all(np.nanmin(INCOME) < value < np.nanmax(INCOME) for value in numbers["income"])
    assert "town is not Rome" in conditions(tree)
    assert tree.key == ("buys", "leaves")
    assert tree.root.lines[2] == "300 rows"
    assert tree.root.shares == pytest.approx([(BOUGHT == "buys").mean(), (BOUGHT == "leaves").mean()])
    assert not any("*" in branch.label for node in tree.root.walk() for branch in node.branches)


def test_figure_leaf_names_likeliest_class(tmp_path: Path) -> None:
    tree = drawn(DecisionTreeClassifier(max_depth=1).fit(IRIS, SPECIES), tmp_path)
    assert isinstance(tree, Tree)
    left, right = (branch.node for branch in tree.root.branches)
    assert left.lines == ["0 100%", "50 rows"]
    assert right.shares == pytest.approx([0, 0.5, 0.5])


def test_figure_tree_with_gaps_marks_side_of_missing_values(tmp_path: Path) -> None:
    rows, targets = load_breast_cancer(return_X_y=True)
    holes = np.where(np.random.default_rng(4).random(rows.shape) < 0.1, np.nan, rows)
    tree = drawn(DecisionTreeClassifier(max_depth=3, random_state=0).fit(holes, targets), tmp_path)
    assert isinstance(tree, Tree)
    assert "missing" in tree.title
    for node in tree.root.walk():
        assert [branch.label.endswith("*") for branch in node.branches] in ([], [True, False], [False, True])


def test_figure_ranked_tree_has_values_of_column(tmp_path: Path) -> None:
    model = HistGradientBoostingClassifier(max_iter=1, max_leaf_nodes=2).fit(IRIS, SPECIES)
    tree = drawn(model, tmp_path, tree=0)
    assert isinstance(tree, Tree)
    (condition,) = conditions(tree)
    found = re.fullmatch(r"features_(\d) <= ([\d.]+)", condition)
    assert found
    column = IRIS[:, int(found[1])]
    assert ((column <= float(found[2])) == (SPECIES == 0)).all()


def test_figure_regression_tree_has_means(tmp_path: Path) -> None:
    tree = drawn(DecisionTreeRegressor(max_depth=2).fit(IRIS, SPECIES * 10.0), tmp_path)
    assert isinstance(tree, Tree)
    assert tree.root.lines[1] == "10"
    assert not tree.key


def test_figure_categories_are_named(tmp_path: Path) -> None:
    codes = make_pipeline(OrdinalEncoder(), DecisionTreeClassifier(max_depth=1)).fit(
        [["a"], ["b"], ["c"], ["d"]] * 5, [0, 0, 1, 1] * 5
    )
    tree = drawn(codes, tmp_path)
    assert isinstance(tree, Tree)
    assert conditions(tree) == ["x0 is one of a, b"]


def test_figure_binarised_column_has_threshold(tmp_path: Path) -> None:
    model = make_pipeline(Binarizer(threshold=1.5), DecisionTreeClassifier(max_depth=1)).fit(IRIS, SPECIES)
    tree = drawn(model, tmp_path)
    assert isinstance(tree, Tree)
    assert all(text.endswith("<= 1.5") for text in conditions(tree))


def test_figure_coefficients_of_first_class_have_opposite_sign(tmp_path: Path) -> None:
    model = shop(LogisticRegression())
    buys, leaves = (drawn(model, tmp_path, target=target) for target in ("buys", "1"))
    assert isinstance(buys, Bars)
    assert isinstance(leaves, Bars)
    assert [bar.label for bar in leaves.bars] == ["age", "income", "town is Bern", "town is Oslo", "town is Rome"]
    assert [bar.value for bar in leaves.bars] == pytest.approx(model[-1].coef_[0].tolist())
    assert [bar.value for bar in buys.bars] == [-bar.value for bar in leaves.bars]


def test_figure_many_coefficients_draws_largest(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    model = LinearRegression().fit(rng.normal(size=(200, 90)), rng.normal(size=200))
    bars = drawn(model, tmp_path)
    assert isinstance(bars, Bars)
    assert len(bars.bars) == MOST_BARS
    assert min(abs(bar.value) for bar in bars.bars) == sorted(np.abs(model.coef_))[90 - MOST_BARS]


@pytest.mark.parametrize(
    ("estimator", "options", "named"),
    [
        (DecisionTreeClassifier(max_depth=2), {"tree": 1}, "tree 1"),
        (DecisionTreeClassifier(max_depth=2), {"target": "0"}, "--target"),
        (RandomForestClassifier(2, random_state=0), {"tree": 2}, "trees 0 to 1"),
        (LogisticRegression(max_iter=999), {"tree": 0}, "--tree"),
        (LogisticRegression(max_iter=999), {"target": "rose"}, "rose"),
        (LogisticRegression(max_iter=999), {"target": "3"}, "3"),
    ],
)
def test_figure_unknown_tree_or_target_raises_invalid_input(
    estimator: Any, options: dict[str, Any], named: str, tmp_path: Path
) -> None:
    bundle, _ = bundle_of(estimator.fit(IRIS, SPECIES), tmp_path)
    with pytest.raises(InvalidInput, match=named):
        figure_of(bundle, "title", **options)


def test_figure_of_large_tree_raises_invalid_input(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bundle, _ = bundle_of(DecisionTreeRegressor().fit(rng.normal(size=(400, 3)), rng.normal(size=400)), tmp_path)
    with pytest.raises(InvalidInput, match="nodes"):
        figure_of(bundle, "title")
