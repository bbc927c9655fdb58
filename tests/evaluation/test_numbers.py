"""Metrics of numbers equal those of scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics as reference

from lightship.evaluation.counts import Numbers
from lightship.evaluation.metrics import figures
from tests.evaluation.counted import add, of_numbers


def rows_of(case: str, width: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions of a case."""
    rng = np.random.default_rng(6)
    shape = (500,) if width is None else (500, width)
    targets = rng.normal(3, 10, shape)
    match case:
        case "perfect":
            return targets, targets
        case "constant":
            return targets, np.zeros(shape)
        case "float32":
            return targets, rng.normal(3, 10, shape).astype(np.float32)
    return targets, targets + rng.normal(1, 2, shape)


@pytest.mark.parametrize("width", [None, 1, 3])
@pytest.mark.parametrize("case", ["random", "perfect", "constant", "float32"])
def test_metrics_match_scikit_learn(case: str, width: int | None) -> None:
    targets, predictions = rows_of(case, width)
    found = {name: figure.value for name, figure in figures(of_numbers(targets, predictions)).metrics.items()}
    assert found == pytest.approx(
        {
            "mse": reference.mean_squared_error(targets, predictions),
            "mae": reference.mean_absolute_error(targets, predictions),
            "rmse": reference.root_mean_squared_error(targets, predictions),
            "r2": reference.r2_score(targets, predictions),
        },
        abs=1e-9,
    )


@pytest.mark.parametrize("centre", [0.0, 1e8, -1e12])
def test_replicates_of_r2_are_independent_of_centre(centre: float) -> None:
    rng = np.random.default_rng(1)
    targets = rng.integers(-3000, 3000, 400) / 1024
    predictions = targets + rng.integers(-900, 900, 400) / 1024
    near = figures(of_numbers(targets, predictions)).metrics["r2"]
    far = figures(of_numbers(targets + centre, predictions + centre)).metrics["r2"]
    assert (far.low, far.high) == pytest.approx((near.low, near.high), rel=1e-6)


def test_replicate_equals_metrics_of_repeated_rows() -> None:
    from lightship.evaluation.counts import replicates
    from lightship.evaluation.metrics import values

    targets, predictions = rows_of("random")
    weights = replicates.weights(0, 0, 500, 3)
    counts = Numbers.empty(replicates=3)
    counts.add(targets, predictions, weights)
    for index in range(4):
        repeats = weights[index].astype(int)
        expected = reference.r2_score(np.repeat(targets, repeats), np.repeat(predictions, repeats))
        assert values(counts)["r2"][index] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("case", ["equal", "no rows", "not finite"])
def test_undefined_metrics_are_absent_with_reason(case: str) -> None:
    targets, predictions = rows_of("random")
    match case:
        case "equal":
            targets[:] = 0.1
        case "no rows":
            targets, predictions = targets[:0], predictions[:0]
        case "not finite":
            predictions = np.where(np.arange(500) % 2, np.nan, np.inf)
    found = figures(of_numbers(targets, predictions))
    assert found.absent.keys() == ({"r2"} if case == "equal" else {"mse", "mae", "rmse", "r2"})
    assert all(found.absent.values())
    assert found.excluded == (500 if case == "not finite" else 0)
    json.dumps(found.to_json(), allow_nan=False)


def test_large_integers_are_subtracted_exactly() -> None:
    targets = np.array([2**53 + 1, 2**63, 5], np.object_)
    predictions = np.array([2**53, 2**63 + 1, 5], np.uint64)
    found = figures(of_numbers(targets, predictions))
    assert found.metrics["mae"].value == pytest.approx(2 / 3)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_histogram_of_residuals_counts_all_rows(scale: float) -> None:
    rng = np.random.default_rng(2)
    residuals = rng.normal(0.5, 1, 3000) * scale
    plot = figures(of_numbers(np.zeros(3000), residuals, replicates=0)).residuals
    assert plot is not None
    edges = np.array(plot.edges)
    assert sum(plot.counts) == 3000
    assert 15 <= len(plot.counts) <= 50
    assert np.histogram(residuals, edges)[0] == pytest.approx(plot.counts, abs=3)
    assert plot.counts[0] and plot.counts[-1]


def test_histogram_of_perfect_predictions_has_one_bin() -> None:
    plot = figures(of_numbers(*rows_of("perfect"))).residuals
    assert plot is not None
    assert plot.counts == (500,)


@pytest.mark.parametrize(("rows", "number"), [(200, 200), (5000, 500)])
def test_points_of_plot_are_bounded_sample_of_rows(rows: int, number: int) -> None:
    rng = np.random.default_rng(3)
    targets, predictions = rng.normal(size=(2, rows)).round(4)
    plot = figures(of_numbers(targets, predictions)).residuals
    assert plot is not None
    assert len(plot.predicted) == len(plot.residual) == number
    points = np.stack([plot.predicted, plot.residual], axis=1)
    distances = np.abs(points[:, np.newaxis] - np.stack([predictions, predictions - targets], axis=1)).max(axis=2)
    assert distances.min(axis=1).max() < 1e-4
    assert len(set(distances.argmin(axis=1))) == number
    assert np.mean(plot.predicted) == pytest.approx(0, abs=0.2)


def test_json_of_job_counts_is_read_back() -> None:
    counts = add(Numbers.empty(output="y", replicates=0, residuals=False), *rows_of("random"))
    record = json.loads(json.dumps(counts.to_json()))
    assert Numbers.from_json(record).to_json() == record
    assert isinstance(record["absolute"], float)
