""".skops files of trees: complete models are opened, changed ones are refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from lightship.compiler import sources
from lightship.compiler.sources.base import Original
from lightship.compiler.sources.sklearn.intake.contents import check_contents
from lightship.errors import SourceRefused

IRIS, SPECIES = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


def opened(estimator: Any, path: Path) -> Original:
    skops.io.dump(estimator, path)
    importer = sources.find(path)
    assert importer.check(path, path.parent) == ()
    return importer.load(path, path.parent, trust=False)


@pytest.mark.parametrize(
    ("estimator", "signatures"),
    [
        (RandomForestClassifier(2), ["predict_proba", "predict"]),
        (GradientBoostingClassifier(n_estimators=2), ["predict_proba", "predict", "decision_function"]),
        (HistGradientBoostingRegressor(max_iter=2), ["predict"]),
        (IsolationForest(n_estimators=2), ["decision_function", "predict"]),
    ],
    ids=["forest", "boosting", "histogram", "isolation"],
)
def test_load_skops_file_of_trees_has_methods(estimator: Any, signatures: list[str], tmp_path: Path) -> None:
    original = opened(estimator.fit(IRIS, SPECIES), tmp_path / "model.skops")
    assert [signature.name for signature in original.signatures] == signatures


def set_nodes(name: str, index: int, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["nodes"][name].__setitem__(index, value)


@pytest.mark.parametrize(
    "change",
    [
        set_nodes("left_child", 0, 0),
        set_nodes("left_child", 0, 10**9),
        set_nodes("left_child", 0, -5),
        set_nodes("right_child", 0, 10**9),
        set_nodes("right_child", 1, 0),
        set_nodes("feature", 0, 10**6),
        set_nodes("feature", 0, -3),
        lambda state: state.update(node_count=-1),
    ],
)
def test_check_contents_of_changed_tree_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    estimator = DecisionTreeClassifier(max_depth=3, random_state=0).fit(IRIS, SPECIES)
    build, arguments, state = estimator.tree_.__reduce__()
    state["nodes"] = np.array(state["nodes"])
    change(state)
    estimator.tree_ = build(*arguments)
    estimator.tree_.__setstate__(state)
    with pytest.raises(SourceRefused, match="Tree"):
        check_contents("model.skops", estimator)


def test_check_contents_of_changed_histogram_is_refused() -> None:
    estimator = HistGradientBoostingRegressor(max_iter=1).fit(IRIS, SPECIES)
    check_contents("model.skops", estimator)
    ((predictor,),) = vars(estimator)["_predictors"]
    predictor.nodes["left"][0] = 10**6
    with pytest.raises(SourceRefused, match="TreePredictor"):
        check_contents("model.skops", estimator)


def test_check_skops_tree_with_short_array_of_classes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    skops.io.dump(DecisionTreeClassifier(max_depth=1).fit(IRIS, SPECIES), path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(entries["schema.json"])
    _outputs(schema).update(content="900", __id__=-1)  # an id of its own: other nodes share that of the number
    entries["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    with pytest.raises(SourceRefused, match="900 elements"):
        sources.find(path).check(path, tmp_path)


def _outputs(node: Any) -> dict[str, Any]:
    """Return the node that holds the number of a tree's outputs."""
    if isinstance(node, dict) and node.get("__loader__") == "TreeNode":
        found: dict[str, Any] = node["__reduce__"]["args"]["content"][2]
        return found
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return next((found for child in children if (found := _outputs(child))), {})
