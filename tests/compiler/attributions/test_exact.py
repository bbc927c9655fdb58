"""Exact explanations of compiled bundles, and files of trees without them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.bundle import EXACT
from lightship.calls import Call
from lightship.compiler import compile_model, sources
from lightship.compiler.attributions.exact import Inexact, trees_of
from lightship.explain import explain
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.explain.exact.shap_models import HOLES, lightgbm_binary, xgboost_multiclass


def opened(path: Path) -> Any:
    return sources.find(path).load(path, path.parent, trust=False).additive  # type: ignore[attr-defined]


def test_compile_lightgbm_file_twice_stores_equal_trees(tmp_path: Path) -> None:
    path, registry = tmp_path / "cancer.txt", Registry(str(tmp_path / "models"))
    booster = lightgbm_binary()
    booster.save_model(path)
    reports = [compile_model(path, registry=registry) for _ in range(2)]
    bundles = [registry.open("cancer", report.version) for report in reports]
    assert EXACT in bundles[0].manifest.files
    assert bundles[0].digest == bundles[1].digest
    _, (found,) = explain(Model.load(bundles[0]), Call({"features": HOLES[:1]}), 1)
    assert (found.method, found.scale, found.evaluations) == ("tree_shap", "log_odds", 0)
    expected = booster.predict(HOLES[:1], pred_contrib=True)[0]
    assert [*found.attributions.values(), found.base] == pytest.approx(expected.tolist(), rel=1e-5, abs=1e-6)
    assert found.prediction == pytest.approx(booster.predict(HOLES[:1], raw_score=True)[0], rel=1e-5)


def test_trees_lightgbm_file_without_counts_are_inexact(tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    lightgbm_binary().save_model(path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("leaf_count=")))
    with pytest.raises(Inexact, match="training rows"):
        trees_of(opened(path))


@pytest.mark.parametrize("cover", ["0", "-1"])
def test_trees_xgboost_file_with_broken_covers_are_inexact(cover: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    xgboost_multiclass().save_model(path)
    before, _, after = path.read_text().partition('"sum_hessian":[')
    covers, _, rest = after.partition("]")
    path.write_text(f'{before}"sum_hessian":[{",".join([cover] * len(covers.split(",")))}]{rest}')
    with pytest.raises(Inexact, match="cover|training rows"):
        trees_of(opened(path))


def test_trees_of_many_nodes_are_inexact(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    xgboost_multiclass().save_model(path)
    ensemble = opened(path)
    many = replace(ensemble.forest, feature=np.zeros(1_000_001, np.int64))
    with pytest.raises(Inexact, match="limit"):
        trees_of(replace(ensemble, forest=many))
