"""Rows without finite predictions: excluded, counted and named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lightship.errors import InvalidInput
from lightship.evaluation.comparison import Requirement, compare
from lightship.evaluation.evaluate import Options, evaluate
from lightship.evaluation.report import render
from lightship.model import Model
from lightship.tensors import Array, TensorSpec
from tests.evaluation.models import model

FEW = Options(replicates=5)
NUMBER = TensorSpec("y", "float32", (None,))
CLASSES = TensorSpec("y", "float32", (None, 1), classes=("0", "1"))


def first(x: Array) -> Array:
    return np.asarray(x[:, 0])


def gapped(x: Array) -> Array:
    return np.asarray(np.where(x[:, 0] == 0.25, np.nan, x[:, 0]))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("a,b,y\n0.75,1,1\n0.25,2,0\n0.125,3,0\n")
    return path


@pytest.fixture
def whole(tmp_path: Path) -> Model:
    return model(tmp_path / "whole", first, NUMBER)


@pytest.fixture
def broken(tmp_path: Path) -> Model:
    return model(tmp_path / "broken", gapped, NUMBER)


@pytest.mark.parametrize("spec", [NUMBER, CLASSES], ids=["number", "classes"])
def test_evaluate_names_rows_without_finite_prediction(tmp_path: Path, data: Path, spec: TensorSpec) -> None:
    made = model(tmp_path / "m", lambda x: gapped(x).reshape(-1, *spec.row_shape), spec)
    record = evaluate(made, data, FEW).to_json()
    assert record["data"]["excluded"] == 1
    (named,) = record["data"]["exclusions"]
    assert (named["file"], named["row"]) == ("data.csv", 2)
    assert "'y'" in named["reason"]
    assert (record["outputs"][0]["rows"], record["outputs"][0]["excluded"]) == (2, 1)
    page = render({"schema": 1, "evaluation": json.loads(json.dumps(record))}, name="m", version=1)
    assert "Excluded rows" in page


def test_evaluate_finite_predictions_have_no_exclusions(whole: Model, data: Path) -> None:
    assert "excluded" not in evaluate(whole, data, FEW).to_json()["data"]


@pytest.mark.parametrize("target", ["1e101", "-1e200", "inf"])
def test_evaluate_target_too_large_to_be_counted_is_named(whole: Model, data: Path, target: str) -> None:
    data.write_text(f"{data.read_text()}1,2,{target}\n")
    with pytest.raises(InvalidInput, match=r"data\.csv, row 4, column 'y'"):
        evaluate(whole, data, FEW)
    found = evaluate(whole, data, Options(skip_bad=True, replicates=5))
    assert (found.data.rows, found.data.skips[0]["row"]) == (3, 4)


def test_compare_second_model_without_prediction_meets_no_requirement(whole: Model, broken: Model, data: Path) -> None:
    found = compare(whole, broken, data, FEW)
    assert (found.lost, found.data.rows, found.data.excluded) == (1, 2, 1)
    assert found.data.exclusions[0]["row"] == 2
    assert found.outputs[0].metrics["rmse"].difference == 0
    assert not Requirement.parse("rmse<=0").check(found.outputs, lost=found.lost).holds


def test_compare_first_model_without_prediction_may_meet_requirement(whole: Model, broken: Model, data: Path) -> None:
    found = compare(broken, whole, data, FEW)
    assert (found.lost, found.data.excluded) == (0, 1)
    assert Requirement.parse("rmse<=0").check(found.outputs, lost=found.lost).holds


def test_compare_without_any_finite_row_is_refused(whole: Model, data: Path, tmp_path: Path) -> None:
    nothing = model(tmp_path / "nothing", lambda x: first(x) * np.nan, NUMBER)
    with pytest.raises(InvalidInput, match="row 1.*second model"):
        compare(whole, nothing, data, FEW)
