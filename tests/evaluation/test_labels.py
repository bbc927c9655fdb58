"""Metrics of several classes per row equal those of scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as reference

from lightship.evaluation.metrics import figures
from tests.evaluation.counted import of_labels

EXACT = 1e-9


def rows_of(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and float32 probabilities of a case."""
    rng = np.random.default_rng(5)
    targets = (rng.random((600, 4)) < [0.5, 0.1, 0.9, 0.3]).astype(int)
    table = np.clip(targets * 0.3 + rng.random((600, 4)) * 0.7, 0.01, 0.99)
    match case:
        case "ties":
            table = np.clip(table.round(1), 0.1, 0.9)
        case "perfect":
            table = targets * 0.8 + 0.1
        case "constant":
            table[:] = 0.5
    return targets, table.astype(np.float32)


@pytest.mark.parametrize("case", ["random", "ties", "perfect", "constant"])
def test_metrics_match_scikit_learn(case: str) -> None:
    targets, table = rows_of(case)
    found = {name: figure.value for name, figure in figures(of_labels(targets, table)).metrics.items()}
    predicted, numbers = table >= 0.5, table.astype(np.float64)
    expected = {
        "subset_accuracy": reference.accuracy_score(targets, predicted),
        "hamming_loss": reference.hamming_loss(targets, predicted),
        "log_loss": np.mean([reference.log_loss(targets[:, k], numbers[:, k]) for k in range(4)]),
        "roc_auc": reference.roc_auc_score(targets, numbers),
        "pr_auc": reference.average_precision_score(targets, numbers),
        "brier": np.mean((targets - numbers) ** 2),
    }
    for average in ("macro", "micro", "weighted"):
        scores = reference.precision_recall_fscore_support(targets, predicted, average=average, zero_division=0)
        names = (f"{name}_{average}" for name in ("precision", "recall", "f1"))
        expected |= dict(zip(names, scores[:3], strict=True))
    assert found == pytest.approx(expected, abs=EXACT)


def test_per_class_metrics_match_scikit_learn() -> None:
    targets, table = rows_of("random")
    found = figures(of_labels(targets, table))
    for index, each in enumerate(found.per_class):
        positive, predicted = targets[:, index], table[:, index] >= 0.5
        assert each.support == positive.sum()
        assert each.metrics["precision"].value == pytest.approx(reference.precision_score(positive, predicted))
        assert each.metrics["recall"].value == pytest.approx(reference.recall_score(positive, predicted))
        assert each.metrics["f1"].value == pytest.approx(reference.f1_score(positive, predicted))
        assert each.metrics["roc_auc"].value == pytest.approx(reference.roc_auc_score(positive, table[:, index]))
    assert [curve.name for curve in found.curves["roc"]] == ["c0", "c1", "c2", "c3"]


def test_class_of_no_row_is_left_out_of_areas() -> None:
    targets, table = rows_of("random")
    targets[:, 2] = 0
    found = figures(of_labels(targets, table))
    expected = np.mean([reference.roc_auc_score(targets[:, k], table[:, k]) for k in (0, 1, 3)])
    assert found.metrics["roc_auc"].value == pytest.approx(expected, abs=EXACT)
    predicted = table >= 0.5
    expected = reference.f1_score(targets, predicted, average="macro", zero_division=0)
    assert found.metrics["f1_macro"].value == pytest.approx(expected, abs=EXACT)


def test_rows_without_target_are_excluded_and_undefined_metrics_are_absent() -> None:
    targets, table = rows_of("random")
    targets[:590] = -1
    table[590:, 1] = np.nan
    found = figures(of_labels(targets, table))
    assert (found.rows, found.excluded, found.metrics) == (0, 600, {})
    assert {"subset_accuracy", "roc_auc", "f1_micro"} <= found.absent.keys()
    json.dumps(found.to_json(), allow_nan=False)
