"""Weights of the bootstrap, and the coverage of its intervals."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from lightship.evaluation.counts import Classes, replicates
from lightship.evaluation.metrics import figures, values
from tests.evaluation.counted import add, of_classes, of_numbers


def test_weights_are_poisson_of_mean_1() -> None:
    drawn = replicates.weights(1, 2, 4096, 200)
    assert np.array_equal(drawn[0], np.ones(4096))
    for count, share in enumerate([0.367879, 0.367879, 0.183940, 0.061313, 0.015328]):
        assert (drawn[1:] == count).mean() == pytest.approx(share, abs=0.002)
    assert drawn[1:].mean() == pytest.approx(1, abs=0.005)
    assert drawn[1:].var() == pytest.approx(1, abs=0.01)
    assert abs(np.corrcoef(drawn[1:20])[np.triu_indices(19, 1)]).max() < 0.08


def test_weights_depend_on_seed_and_block_only() -> None:
    first = replicates.weights(1, 2, 500, 20)
    assert np.array_equal(first, replicates.weights(1, 2, 500, 20))
    assert not np.array_equal(first, replicates.weights(1, 3, 500, 20))
    assert not np.array_equal(first, replicates.weights(2, 2, 500, 20))


def test_weights_are_equal_on_every_machine() -> None:
    assert replicates.weights(7, 0, 12, 1)[1].tolist() == [0, 3, 0, 1, 1, 1, 2, 2, 3, 1, 0, 2]


@pytest.mark.parametrize(("rows", "count"), [(0, 3), (5, 0), (1, 1)])
def test_weights_of_few_rows_have_shape(rows: int, count: int) -> None:
    assert replicates.weights(0, 0, rows, count).shape == (1 + count, rows)


def test_interval_of_mostly_undefined_replicates_is_absent() -> None:
    assert replicates.interval(np.array([1.0])) is None
    assert replicates.interval(np.array([1.0, np.nan, np.nan, np.nan, 2.0])) is None
    assert replicates.interval(np.array([1.0, np.nan, 2.0, 2.0])) == (2, 2)


def test_intervals_of_accuracy_cover_true_value_in_95_percent() -> None:
    rng = np.random.default_rng(0)
    covered, widths = [], []
    for seed in range(300):
        right = rng.random(400) < 0.8
        table = np.where(right[:, np.newaxis], [0.1, 0.9], [0.9, 0.1])
        counts = Classes.empty(["a", "b"], scores=False)
        found = figures(add(counts, np.ones(400, int), table, block=400, seed=seed)).metrics["accuracy"]
        assert found.low is not None and found.high is not None
        covered.append(found.low <= 0.8 <= found.high)
        widths.append(found.high - found.low)
    assert 0.91 <= np.mean(covered) <= 0.98
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / 400), rel=0.1)


def test_interval_of_mean_squared_error_has_analytic_width() -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(0, 1, 20_000)  # squares have a variance of 2
    found = figures(of_numbers(np.zeros(20_000), errors, replicates=500)).metrics["mse"]
    assert found.low is not None and found.high is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(2 / 20_000), rel=0.15)


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc"])
def test_replicates_of_areas_follow_those_of_all_scores(name: str) -> None:
    rng = np.random.default_rng(1)
    scores = rng.beta(0.3, 2, 3000).astype(np.float32)
    targets = (rng.random(3000) < scores).astype(int)
    weights = replicates.weights(0, 0, 3000, 60)
    counts = Classes.empty(["a", "b"], replicates=60)
    counts.add(targets, np.stack([1 - scores, scores], axis=1), weights)
    metric = {"roc_auc": reference.roc_auc_score, "pr_auc": reference.average_precision_score}[name]
    expected = np.array([metric(targets, scores, sample_weight=each) for each in weights])
    found = values(counts)[name]
    assert found[0] == pytest.approx(expected[0], abs=1e-9)
    assert np.abs(found - expected).max() < 0.1 * expected.std()


def test_replicates_of_decisions_equal_weighted_metrics() -> None:
    rng = np.random.default_rng(3)
    targets, table = rng.integers(0, 3, 500), rng.dirichlet([1, 1, 1], 500).astype(np.float32)
    weights = replicates.weights(0, 0, 500, 5)
    counts = Classes.empty(["a", "b", "c"], replicates=5)
    counts.add(targets, table, weights)
    predicted, numbers = table.argmax(axis=1), table.astype(np.float64)
    for index, each in enumerate(weights):
        expected = {
            "accuracy": reference.accuracy_score(targets, predicted, sample_weight=each),
            "balanced_accuracy": reference.balanced_accuracy_score(targets, predicted, sample_weight=each),
            "precision_macro": reference.precision_score(targets, predicted, average="macro", sample_weight=each),
            "recall_weighted": reference.recall_score(targets, predicted, average="weighted", sample_weight=each),
            "f1_micro": reference.f1_score(targets, predicted, average="micro", sample_weight=each),
            "brier": np.average(((numbers - np.eye(3)[targets]) ** 2).sum(axis=1), weights=each),
            "log_loss": np.average(-np.log(numbers[np.arange(500), targets]), weights=each),
        }
        found = {name: float(values(counts)[name][index]) for name in expected}
        assert found == pytest.approx(expected, abs=1e-9)


def test_interval_of_calibration_error_contains_value_of_calibrated_model() -> None:
    rng = np.random.default_rng(4)
    scores = rng.random(5000).astype(np.float32)
    targets = (rng.random(5000) < scores).astype(int)
    found = figures(of_classes(targets, np.stack([1 - scores, scores], axis=1), replicates=200)).metrics["ece"]
    assert found.low is not None and found.high is not None
    assert 0 <= found.low < found.value < found.high


def test_two_models_on_same_rows_are_paired() -> None:
    rng = np.random.default_rng(2)
    targets = rng.integers(0, 2, 2000)
    table = np.clip(rng.normal(targets, 0.8), 0.01, 0.99)
    first = of_classes(targets, np.stack([1 - table, table], axis=1), replicates=200)
    second = of_classes(targets, np.stack([1 - table, table], axis=1) ** 1.01, replicates=200)
    difference = values(first)["log_loss"] - values(second)["log_loss"]
    assert difference[1:].std() < 0.1 * values(first)["log_loss"][1:].std()
