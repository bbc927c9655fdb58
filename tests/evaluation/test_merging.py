"""Counts of parts merged in any order equal those of one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lightship.evaluation.counts import Classes, Counts, Labels, Numbers, from_json, merge, replicates
from lightship.evaluation.metrics import figures, values

NAMES = ["a", "b", "c"]


def data(kind: str, seed: int) -> tuple[Counts, np.ndarray, np.ndarray]:
    """Return empty counts, targets and predictions."""
    rng = np.random.default_rng(seed)
    table = rng.dirichlet([1, 1, 1], 300).astype(np.float32)
    match kind:
        case "classes":
            return Classes.empty(NAMES, output="y", replicates=10), rng.integers(-1, 3, 300), table
        case "job":
            return Classes.empty(NAMES, output="y", replicates=0, scores=False), rng.integers(0, 3, 300), table
        case "labels":
            return Labels.empty(NAMES, output="y", replicates=10), rng.integers(0, 2, (300, 3)), table
    targets, predictions = rng.normal(1e6, 3, (2, 300, 2))
    return Numbers.empty(2, output="y", replicates=10), targets, predictions


def counted(kind: str, seed: int, weights: Sequence[np.ndarray], rows: Sequence[np.ndarray]) -> Counts:
    counts, targets, predictions = data(kind, seed)
    for of_rows, indices in zip(weights, rows, strict=True):
        counts.add(targets[indices], predictions[indices], of_rows[: len(counts.rows)])
    return counts


def assert_near(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            assert_near(found[name], expected[name])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for pair in zip(found, expected, strict=True):
            assert_near(*pair)
    else:
        assert found == (pytest.approx(expected, rel=1e-8) if isinstance(expected, float) else expected)


@pytest.mark.parametrize("kind", ["classes", "job", "labels", "numbers"])
@pytest.mark.parametrize("seed", range(5))
def test_counts_merged_in_any_order_equal_one_pass(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    weights = replicates.weights(seed, 0, 300, 10)
    rows = [*np.array_split(rng.permutation(300), 8), np.arange(0)]
    whole = counted(kind, seed, [weights], [np.arange(300)])
    parts = [counted(kind, seed, [weights[:, each]], [each]) for each in rows]
    merged = merge(*parts)
    shuffled = merge(*(parts[index] for index in rng.permutation(len(parts))))
    assert figures(merged).to_json() == figures(shuffled).to_json()
    grouped = merge(merge(parts[0], parts[8]), merge(*parts[5:8]), merge(*parts[1:5]))
    blocks = counted(kind, seed, [weights[:, each] for each in rows], rows)
    for found in (merged, grouped, blocks):
        assert_near(figures(found).to_json(), figures(whole).to_json())
        for name, array in values(whole).items():
            assert values(found)[name] == pytest.approx(array, rel=1e-8, nan_ok=True), name


def test_merge_does_not_change_parts() -> None:
    weights = replicates.weights(0, 0, 300, 10)
    part = counted("classes", 0, [weights], [np.arange(300)])
    before = figures(part).to_json()
    merged = merge(part, part)
    merged.add(*data("classes", 1)[1:], weights)
    assert figures(part).to_json() == before


def test_counts_of_different_outputs_are_not_merged() -> None:
    with pytest.raises(ValueError, match="'other'"):
        merge(Numbers.empty(output="y"), Numbers.empty(output="other"))


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "classes", "output": "y", "rows": 3, "right": 2, "log_loss": 1.25},
        {**{"kind": "classes", "output": "y", "rows": 3, "right": 2}, "log_loss": 1.25}
        | {"classes": ["a", "b"], "confusion": [[1, 0], [1, 1]]},
        {"kind": "numbers", "output": "y", "rows": 3, "absolute": 1.5, "squared": 2.5, "mean": 7.0, "spread": 0.5},
        {"kind": "numbers", "output": "y", "rows": 0, "absolute": 0.0, "squared": 0.0, "mean": 0.0, "spread": 0.0},
    ],
)
def test_records_of_jobs_by_earlier_commits_are_merged(record: dict[str, Any]) -> None:
    assert from_json(record).to_json() == record
    assert merge(from_json(record), from_json(record)).to_json()["rows"] == 2 * record["rows"]
