"""Curves and the table of thresholds beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from lightship.evaluation.metrics import OutputFigures, figures
from tests.evaluation.counted import of_classes


def binary(rows: int, *, decimals: int = 7) -> tuple[np.ndarray, np.ndarray, OutputFigures]:
    """Return targets, scores of the second class, and the figures."""
    rng = np.random.default_rng(rows)
    scores = rng.random(rows).round(decimals).astype(np.float32)
    targets = (rng.random(rows) < scores**2).astype(int)
    return targets, scores, figures(of_classes(targets, np.stack([1 - scores, scores], axis=1), replicates=0))


def columns(found: OutputFigures, name: str) -> dict[str, np.ndarray]:
    (curve,) = (curve for curve in found.curves[name] if curve.name == "c1")
    return {name: np.array(column) for name, column in curve.columns.items()}


def test_short_roc_curve_equals_scikit_learn() -> None:
    targets, scores, found = binary(90)
    x, y, _ = reference.roc_curve(targets, scores, drop_intermediate=False)
    curve = columns(found, "roc")
    assert curve["x"] == pytest.approx(x, abs=1e-6)
    assert curve["y"] == pytest.approx(y, abs=1e-6)


def test_short_precision_recall_curve_equals_scikit_learn() -> None:
    targets, scores, found = binary(90)
    precision, recall, _ = reference.precision_recall_curve(targets, scores)
    curve = columns(found, "pr")
    assert curve["x"] == pytest.approx(recall[-2::-1], abs=1e-6)
    assert curve["y"] == pytest.approx(precision[-2::-1], abs=1e-6)


@pytest.mark.parametrize("name", ["roc", "pr"])
def test_long_curve_is_thinned_and_keeps_area(name: str) -> None:
    _, _, found = binary(5000)
    curve = columns(found, name)
    assert 100 <= len(curve["x"]) <= 200
    assert np.trapezoid(curve["y"], curve["x"]) == pytest.approx(found.metrics[f"{name}_auc"].value, abs=0.01)
    assert curve["x"][-1] == curve["x"].max() == 1


@pytest.mark.parametrize("decimals", [2, 7])
def test_calibration_curve_equals_scikit_learn(decimals: int) -> None:
    targets, scores, found = binary(2000, decimals=decimals)
    share, mean = calibration_curve(targets, scores.astype(np.float64), n_bins=15)
    curve = columns(found, "calibration")
    assert curve["mean"] == pytest.approx(mean, abs=1e-6)
    assert curve["share"] == pytest.approx(share, abs=1e-6)
    assert curve["count"].sum() == 2000


@pytest.mark.parametrize("decimals", [2, 7])
def test_thresholds_equal_scikit_learn(decimals: int) -> None:
    targets, scores, found = binary(2000, decimals=decimals)
    assert [each.threshold for each in found.thresholds] == [round(0.05 * step, 2) for step in range(1, 20)]
    for each in found.thresholds:
        predicted = scores >= np.float32(each.threshold)
        assert each.predicted == predicted.sum()
        assert each.precision == pytest.approx(reference.precision_score(targets, predicted))
        assert each.recall == pytest.approx(reference.recall_score(targets, predicted))
        assert each.f1 == pytest.approx(reference.f1_score(targets, predicted))
        assert each.accuracy == pytest.approx(reference.accuracy_score(targets, predicted))


def test_threshold_above_all_scores_has_no_precision() -> None:
    table = np.float32([[0.8, 0.2], [0.7, 0.3]])
    found = figures(of_classes(np.array([0, 1]), table))
    last = found.thresholds[-1]
    assert (last.predicted, last.precision, last.recall, last.f1) == (0, None, 0, 0)
