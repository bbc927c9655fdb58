"""The JSON form of an output's figures."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lightship.evaluation.metrics import OutputFigures, figures
from tests.evaluation.counted import of_classes, of_labels, of_numbers


def outputs(kind: str) -> OutputFigures:
    rng = np.random.default_rng(0)
    table = rng.dirichlet([1, 1], 400).astype(np.float32)
    match kind:
        case "classes":
            return figures(of_classes(rng.integers(-1, 2, 400), table))
        case "labels":
            return figures(of_labels(rng.integers(0, 2, (400, 2)), table))
        case "absent":
            return figures(of_classes(np.zeros(400, int), table))
    return figures(of_numbers(rng.normal(size=400), rng.normal(size=400)))


@pytest.mark.parametrize("kind", ["classes", "labels", "absent", "number"])
def test_figures_are_read_back_from_json(kind: str) -> None:
    found = outputs(kind)
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert OutputFigures.from_json(record) == found


def test_json_of_two_classes_has_all_parts_of_report() -> None:
    record = outputs("classes").to_json()
    assert record["task"] == "classes"
    assert record["metrics"]["accuracy"].keys() == {"value", "low", "high"}
    assert record["per_class"][1].keys() == {"class", "support", "precision", "recall", "f1", "roc_auc", "pr_auc"}
    assert np.sum(record["confusion"]) == record["rows"]
    assert record["curves"].keys() == {"roc", "pr", "calibration"}
    assert record["curves"]["roc"][0].keys() == {"class", "x", "y"}
    assert record["curves"]["calibration"][0].keys() == {"class", "mean", "share", "count"}
    assert record["thresholds"][0].keys() == {"threshold", "precision", "recall", "f1", "accuracy", "predicted"}
    assert "residuals" not in record and "compiled_metrics" not in record


def test_json_of_numbers_has_residuals() -> None:
    record = outputs("number").to_json()
    assert record["metrics"].keys() == {"mse", "mae", "rmse", "r2"}
    assert len(record["residuals"]["predicted"]) == len(record["residuals"]["residual"]) == 400
    histogram = record["residuals"]["histogram"]
    assert len(histogram["edges"]) == len(histogram["counts"]) + 1


def test_figures_of_equal_data_are_equal() -> None:
    assert json.dumps(outputs("classes").to_json()) == json.dumps(outputs("classes").to_json())


def test_metrics_without_replicates_have_no_interval() -> None:
    rng = np.random.default_rng(0)
    found = figures(of_numbers(rng.normal(size=50), rng.normal(size=50), replicates=0))
    assert found.to_json()["metrics"]["mae"].keys() == {"value"}
