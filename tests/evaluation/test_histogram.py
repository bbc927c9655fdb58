"""Histograms of scores: order of keys, merged scores, bounds of areas."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from lightship.evaluation.counts.histogram import MOST, Histogram, keys_of, scores_of
from lightship.evaluation.counts.scores import Scores
from lightship.evaluation.metrics import areas


def spread_scores(rows: int) -> np.ndarray:
    """Return sorted float32 scores with many near 0 and near 1."""
    rng = np.random.default_rng(0)
    third = rows // 3
    groups = (rng.random(rows - 2 * third), rng.random(third) ** 20, 1 - rng.random(third) ** 8)
    return np.sort(np.concatenate(groups)).astype(np.float32)


def test_keys_keep_order_and_value_of_scores() -> None:
    scores = np.concatenate([np.float32([0, 1e-45, 1e-30]), spread_scores(30_000), np.float32([1 - 2**-24, 1])])
    scores = np.sort(scores)
    keys = keys_of(scores)
    assert np.array_equal(np.sign(np.diff(keys)), np.sign(np.diff(scores)))
    assert np.array_equal(scores_of(keys), scores)


def test_scores_beyond_0_and_1_have_keys_of_0_and_1() -> None:
    assert np.array_equal(keys_of(np.float32([-0.0, -2, 1.5])), keys_of(np.float32([0, 0, 1])))


def scored(scores: np.ndarray, positive: np.ndarray, *, block: int = 4096) -> Scores:
    found = Scores.empty(0)
    for start in range(0, len(scores), block):
        rows = slice(start, start + block)
        found.add(scores[rows], positive[rows], np.ones((1, len(scores[rows]))))
    return found


@pytest.mark.parametrize("rows", [100, 120_000, 400_000])
def test_areas_are_exact_or_within_bounds(rows: int) -> None:
    rng = np.random.default_rng(rows)
    scores = rng.permutation(spread_scores(rows))
    positive = rng.random(rows) < scores
    found = scored(scores, positive)
    assert len(found.histogram.keys) <= MOST
    pairs = (
        (areas.roc, areas.roc_error, reference.roc_auc_score),
        (areas.precision_recall, areas.precision_recall_error, reference.average_precision_score),
    )
    for area, error, expected in pairs:
        bound = error(found)
        assert float(area(found.histogram.rows)) == pytest.approx(expected(positive, scores), abs=bound + 1e-12)
        assert (bound > 0) == (rows > MOST)
        assert bound < 1e-4


def test_bound_of_error_holds_for_scores_equal_but_for_dropped_bits() -> None:
    rng = np.random.default_rng(1)
    scores = (0.25 + rng.random(300_000) * 2**-12).astype(np.float32)
    scores[:200_000] = rng.random(200_000)
    positive = rng.random(300_000) < 0.5
    positive[200_000:] = scores[200_000:] > np.median(scores[200_000:])
    found = scored(scores, positive)
    difference = abs(float(areas.roc(found.histogram.rows)) - reference.roc_auc_score(positive, scores))
    assert difference <= areas.roc_error(found) + 1e-12
    difference = abs(
        float(areas.precision_recall(found.histogram.rows)) - reference.average_precision_score(positive, scores)
    )
    assert difference <= areas.precision_recall_error(found) + 1e-12


def test_merged_scores_near_1_stay_apart() -> None:
    found = Histogram()
    scores = np.unique(spread_scores(600_000))
    found.add(scores, np.zeros(len(scores), bool))
    assert found.shift > 0
    near = 1 - found.scores[found.scores > 0.999].astype(np.float64)
    ratios = near[:-1][near[1:] > 0] / near[1:][near[1:] > 0]
    assert np.median(ratios) < 1.01


def test_order_of_blocks_and_parts_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    scores, positive = rng.permutation(spread_scores(200_000)), rng.random(200_000) < 0.3
    whole = scored(scores, positive, block=200_000).histogram
    parts = [scored(scores[each], positive[each]) for each in np.array_split(rng.permutation(200_000), 7)]
    for order in (parts, parts[::-1], [Scores.merged(parts[:3]), Scores.merged(parts[3:])]):
        merged = Scores.merged(order).histogram
        assert merged.shift == whole.shift > 0
        assert np.array_equal(merged.keys, whole.keys)
        assert np.array_equal(merged.rows, whole.rows)
