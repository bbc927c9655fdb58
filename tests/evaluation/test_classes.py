"""Metrics of classes equal those of scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as reference

from lightship.evaluation.counts import Classes
from lightship.evaluation.metrics import figures
from tests.evaluation.counted import add, of_classes

EXACT = 1e-9


def dirichlet(rng: np.random.Generator, rows: int, classes: int) -> np.ndarray:
    return rng.dirichlet(np.ones(classes), rows).astype(np.float32)


def rows_of(case: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and float32 probabilities of a case."""
    rng = np.random.default_rng(classes)
    targets, table = rng.integers(0, classes, 700), dirichlet(rng, 700, classes)
    match case:
        case "ties":
            table = (np.round(table * 4) + 1) / (np.round(table * 4) + 1).sum(axis=1, keepdims=True)
        case "imbalanced":
            targets = np.where(rng.random(700) < 0.01, classes - 1, 0)
            targets[:classes] = np.arange(classes)
        case "perfect":
            table = np.eye(classes)[targets] * 0.9 + 0.1 / classes
        case "constant":
            table = np.full_like(table, 1 / classes)
        case "absent":
            targets[targets == 0] = 1
            table[:, 0] = 1e-3
    return targets, table.astype(np.float32)


CASES = ["random", "ties", "imbalanced", "perfect", "constant"]


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("case", [*CASES, "absent"])
def test_metrics_of_decisions_match_scikit_learn(case: str, classes: int) -> None:
    targets, table = rows_of(case, classes)
    found = {name: figure.value for name, figure in figures(of_classes(targets, table)).metrics.items()}
    predicted = table.argmax(axis=1)
    expected = {"accuracy": reference.accuracy_score(targets, predicted)}
    present = sorted(set(targets))
    recalls = reference.recall_score(targets, predicted, labels=present, average=None, zero_division=0)
    expected["balanced_accuracy"] = recalls.mean()
    for average in ("macro", "micro", "weighted"):
        scores = reference.precision_recall_fscore_support(targets, predicted, average=average, zero_division=0)
        names = (f"{name}_{average}" for name in ("precision", "recall", "f1"))
        expected |= dict(zip(names, scores[:3], strict=True))
    expected["log_loss"] = -np.log(table[np.arange(len(targets)), targets].astype(np.float64)).mean()
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("case", CASES)
def test_metrics_of_probabilities_match_scikit_learn(case: str, classes: int) -> None:
    targets, table = rows_of(case, classes)
    found = {name: figure.value for name, figure in figures(of_classes(targets, table)).metrics.items()}
    numbers, order = table.astype(np.float64), list(range(classes))
    one_hot = np.eye(classes)[targets]
    if classes == 2:
        expected = {
            "roc_auc": reference.roc_auc_score(targets, numbers[:, 1]),
            "pr_auc": reference.average_precision_score(targets, numbers[:, 1]),
            "brier": reference.brier_score_loss(targets, numbers[:, 1]),
        }
    else:
        expected = {
            "roc_auc": np.mean([reference.roc_auc_score(one_hot[:, k], numbers[:, k]) for k in order]),
            "pr_auc": reference.average_precision_score(one_hot, numbers),
            "brier": ((numbers - one_hot) ** 2).sum(axis=1).mean(),
        }
    expected["log_loss"] = reference.log_loss(targets, numbers / numbers.sum(axis=1, keepdims=True), labels=order)
    assert found["log_loss"] == pytest.approx(expected.pop("log_loss"), abs=1e-6)  # float32 rows do not sum to 1
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("case", [*CASES, "absent"])
def test_per_class_metrics_match_scikit_learn(case: str, classes: int) -> None:
    targets, table = rows_of(case, classes)
    found = figures(of_classes(targets, table))
    predicted, order = table.argmax(axis=1), list(range(classes))
    scores = reference.precision_recall_fscore_support(targets, predicted, labels=order, zero_division=np.nan)
    for index, each in enumerate(found.per_class):
        assert (each.name, each.support) == (f"c{index}", int((targets == index).sum()))
        for name, expected in zip(("precision", "recall", "f1"), (column[index] for column in scores[:3]), strict=True):
            assert (name in each.metrics) == np.isfinite(expected)
            assert np.isnan(expected) or each.metrics[name].value == pytest.approx(expected, abs=EXACT)
        assert ("roc_auc" in each.metrics) == (0 < each.support < len(targets))
        if 0 < each.support < len(targets):
            area = reference.roc_auc_score(targets == index, table[:, index])
            assert each.metrics["roc_auc"].value == pytest.approx(area, abs=EXACT)
            area = reference.average_precision_score(targets == index, table[:, index])
            assert each.metrics["pr_auc"].value == pytest.approx(area, abs=EXACT)
    assert np.array_equal(found.confusion, reference.confusion_matrix(targets, predicted, labels=order))


def test_areas_of_absent_class_are_means_over_others() -> None:
    targets, table = rows_of("absent", 3)
    found = figures(of_classes(targets, table))
    areas = [reference.roc_auc_score(targets == index, table[:, index]) for index in (1, 2)]
    assert found.metrics["roc_auc"].value == pytest.approx(np.mean(areas), abs=EXACT)
    assert [curve.name for curve in found.curves["roc"]] == ["c1", "c2"]


@pytest.mark.parametrize("classes", [2, 3])
def test_calibration_error_is_mean_distance_of_bins(classes: int) -> None:
    targets, table = rows_of("random", classes)
    confidence = table[:, 1] if classes == 2 else table.max(axis=1)
    positive = targets == (1 if classes == 2 else table.argmax(axis=1))
    bins = np.minimum((confidence.astype(np.float64) * 15).astype(int), 14)
    expected = sum(
        abs(confidence[bins == each].astype(np.float64).sum() - positive[bins == each].sum()) for each in range(15)
    ) / len(targets)
    assert figures(of_classes(targets, table)).metrics["ece"].value == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("case", ["one class", "no rows", "all excluded"])
def test_undefined_metrics_are_absent_with_reason(case: str, classes: int) -> None:
    targets, table = rows_of("random", classes)
    match case:
        case "one class":
            targets[:] = 1
        case "no rows":
            targets, table = targets[:0], table[:0]
        case "all excluded":
            table[:, 0] = np.nan
    found = figures(of_classes(targets, table))
    undefined = {"roc_auc", "pr_auc"}
    if case != "one class":
        assert not found.metrics
        undefined |= {"accuracy", "log_loss", "brier", "ece", "f1_macro", "balanced_accuracy"}
    assert undefined <= found.absent.keys()
    assert not found.metrics.keys() & found.absent.keys()
    assert all(found.absent.values())
    assert found.excluded == (700 if case == "all excluded" else 0)
    json.dumps(found.to_json(), allow_nan=False)


def test_rows_without_target_or_finite_prediction_are_excluded() -> None:
    targets, table = rows_of("random", 3)
    targets[:5], table[5:8, 1] = -1, [np.nan, np.inf, -np.inf]
    found, expected = (
        figures(of_classes(targets, table, replicates=0)),
        figures(of_classes(targets[8:], table[8:], replicates=0)),
    )
    assert (found.rows, found.excluded) == (692, 8)
    assert found.confusion == expected.confusion
    assert found.metrics["log_loss"].value == pytest.approx(expected.metrics["log_loss"].value, abs=EXACT)


def test_predictions_beyond_0_and_1_have_no_metrics_of_probabilities() -> None:
    targets, table = rows_of("random", 2)
    found = figures(of_classes(targets, table * 3 - 1))
    assert {"log_loss", "roc_auc", "pr_auc", "brier", "ece"} == found.absent.keys()
    assert "accuracy" in found.metrics
    assert not found.curves and not found.thresholds


def test_prediction_beyond_1_by_rounding_is_probability() -> None:
    table = np.float32([[1.0000002, -2e-7], [0, 1], [0.4, 0.6]])
    assert "roc_auc" in figures(of_classes(np.array([0, 1, 1]), table)).metrics


def test_many_classes_have_neither_confusion_nor_areas() -> None:
    targets, table = rows_of("random", 60)
    found = figures(of_classes(targets, table))
    assert found.confusion == ()
    assert found.absent.keys() == {"roc_auc", "pr_auc"}
    predicted = table.argmax(axis=1)
    expected = reference.f1_score(targets, predicted, average="macro", zero_division=0)
    assert found.metrics["f1_macro"].value == pytest.approx(expected, abs=EXACT)
    assert len(found.per_class) == 60


@pytest.mark.parametrize("classes", [3, 60])
def test_json_of_job_counts_is_read_back(classes: int) -> None:
    targets, table = rows_of("random", classes)
    empty = Classes.empty([f"c{index}" for index in range(classes)], output="y", replicates=0, scores=False)
    record = json.loads(json.dumps(add(empty, targets, table).to_json()))
    assert Classes.from_json(record).to_json() == record
    assert ("confusion" in record) == (classes == 3)
