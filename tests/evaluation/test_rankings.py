"""Evaluation of rankings: figures by hand, targets of each form, counts of parts."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.errors import InvalidInput
from lightship.evaluation import metrics
from lightship.evaluation.counts import merge, replicates
from lightship.evaluation.counts.rankings import Rankings, of_rows
from lightship.evaluation.tasks import tasks_of
from lightship.evaluation.tasks.rankings import RankingTask
from lightship.tensors import Array, Signature, TensorSpec
from lightship.tensors.names import Names

NAMES = ("Heat, 1995", "Fargo", "Seven", "M", "12", "Big")


@pytest.fixture
def task(tmp_path: Path) -> RankingTask:
    (tmp_path / "films.txt").write_text("\n".join(NAMES))
    names = Names("films.txt", len(NAMES), tmp_path / "films.txt")
    return RankingTask(TensorSpec("films", "int32", (None, 3), names=names, scores="score"), ("next",))


def sets(*targets: set[int]) -> Array:
    found = np.empty(len(targets), np.object_)
    found[:] = [frozenset(target) for target in targets]
    return found


SECOND, THIRD = 1 / math.log2(3), 1 / math.log2(4)


@pytest.mark.parametrize(
    ("target", "ranked", "expected"),
    [
        ({0}, [0, 1, 2], (1, 1, 1, 1)),
        ({2}, [0, 1, 2], (THIRD, 1, 1, 1 / 3)),
        ({5}, [0, 1, 2], (0, 0, 0, 0)),
        ({1, 2}, [0, 1, 2], ((SECOND + THIRD) / (1 + SECOND), 1, 1, 1 / 2)),
        ({0, 1, 2, 3, 4}, [0, 1, 2], (1, 3 / 5, 1, 1)),
        ({1, 5}, [1, 1, 1], (1 / (1 + SECOND), 1 / 2, 1, 1)),
        ({1}, [-1, -1, 1], (THIRD, 1, 1, 1 / 3)),
    ],
)
def test_figures_of_row_are_those_by_hand(target: set[int], ranked: list[int], expected: tuple[float, ...]) -> None:
    assert of_rows(sets(target), np.array([ranked]))[0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (["Fargo", " Big "], {1, 5}),
        ("Heat, 1995|Fargo", {0, 1}),
        ("M", {3}),
        ([3, 0, -1, -1], {3, 0}),
        (2, {2}),
        (["12"], {4}),
        ("", set()),
        ("|", set()),
        ([], set()),
        (None, set()),
        (["Fargo", "nix"], set()),
        ([6], set()),
        ([True], set()),
        ([1.0], set()),
        ([["Fargo"]], set()),
        ({"a": 1}, set()),
    ],
)
def test_target_cell_is_set_of_items(task: RankingTask, cell: Any, expected: set[int]) -> None:
    found = task.targets([[cell]])
    assert found[0] == expected
    assert task.valid(found).tolist() == [bool(expected)]


def test_counts_of_parts_are_those_of_all_rows(task: RankingTask) -> None:
    generator = np.random.default_rng(1)
    targets = sets(*({int(generator.integers(6))} for _ in range(50)), set())
    predictions = np.array([generator.permutation(6)[:3] for _ in range(51)])
    weights = replicates.weights(0, 0, 51, 20)
    whole, first, last = (task.empty(20) for _ in range(3))
    whole.add(targets, predictions, weights)
    first.add(targets[:20], predictions[:20], weights[:, :20])
    last.add(targets[20:], predictions[20:], weights[:, 20:])
    merged = merge(last, first)
    assert merged.sums == pytest.approx(whole.sums)
    figures = metrics.figures(merged)
    assert (figures.task, figures.rows, figures.excluded) == ("ranking", 50, 1)
    assert figures.metrics["ndcg"].value == pytest.approx(of_rows(targets[:50], predictions[:50])[:, 0].mean())
    assert figures.metrics["ndcg"].low is not None
    assert figures.metrics["recall"].value == figures.metrics["hit_rate"].value


def test_metrics_without_rows_are_absent() -> None:
    figures = metrics.figures(Rankings.empty())
    assert figures.metrics == {}
    assert set(figures.absent) == {"ndcg", "recall", "hit_rate", "mrr"}


def test_task_describes_mistake_with_names(task: RankingTask) -> None:
    prediction = np.array([1, 0, -1])
    assert task.describe(frozenset({3, 2}), prediction) == (["M", "Seven"], ["Fargo", "Heat, 1995"])
    assert task.losses(sets({3}, {1}), np.stack([prediction] * 2)).tolist() == [1, 0]
    assert task.wrong(sets({3}, {1}), np.stack([prediction] * 2)).tolist() == [True, False]
    assert task.changes(prediction[np.newaxis], np.array([[0, 1, 2]])).tolist() == [2]


def test_requested_target_belongs_to_ranking_of_any_position(task: RankingTask) -> None:
    reasons = TensorSpec("because", "int32", (None, 3, 2), names=task.spec.names)
    signature = Signature("serving_default", (TensorSpec("user", "int32", (None, 1)),), (reasons, task.spec))
    (found,) = tasks_of(signature, requested="next", columns=["user", "next"], default=None, golden=None)
    assert (found.spec.name, found.columns, found.main) == ("films", ("next",), "ndcg")
    (found,) = tasks_of(signature, requested=None, columns=["user", "films"], default=None, golden=None)
    assert found.columns == ("films",)
    with pytest.raises(InvalidInput, match="'films'"):
        tasks_of(signature, requested=None, columns=["user", "next"], default=None, golden=None)
