"""Metrics of budgets, with scikit-learn as the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn

from lightship.compiler.compression.measuring.metrics import METRICS, drop, task_with, values
from lightship.errors import CompileError
from lightship.evaluation.tasks.classes import ClassTask
from lightship.evaluation.tasks.labels import LabelTask
from lightship.evaluation.tasks.numbers import NumberTask
from lightship.tensors import TensorSpec

RNG = np.random.default_rng(3)
TABLE = RNG.dirichlet(np.ones(3), 50).astype(np.float32)
CLASSES = RNG.integers(0, 3, 50)
NAMES = ("ant", "bee", "cat")
NAMED = ClassTask(TensorSpec("p", "float32", (None, 3), classes=NAMES), ("p",))
LABELS = LabelTask(TensorSpec("q", "float32", (None, 3), classes=NAMES, multi_label=True), ("q",))
NUMBER = NumberTask(TensorSpec("y", "float32", (None, 1)), ("y",))


def test_values_of_classes_equal_scikit_learn() -> None:
    found = values("accuracy", NAMED, CLASSES, TABLE)
    assert found[0] == pytest.approx(sklearn.accuracy_score(CLASSES, TABLE.argmax(axis=1)))
    assert len(found) == 201
    assert values("log_loss", NAMED, CLASSES, TABLE)[0] == pytest.approx(sklearn.log_loss(CLASSES, TABLE))


def test_values_of_labels_equal_scikit_learn() -> None:
    flags = RNG.integers(0, 2, (50, 3))
    expected = sklearn.f1_score(flags, TABLE >= 0.5, average="macro", zero_division=0)
    assert values("f1_macro", LABELS, flags, TABLE)[0] == pytest.approx(expected)


def test_values_of_numbers_equal_scikit_learn() -> None:
    targets, predictions = RNG.normal(size=(2, 50))
    expected = sklearn.mean_absolute_error(targets, predictions)
    assert values("mae", NUMBER, targets, predictions)[0] == pytest.approx(expected)


def test_values_undefined_metric_is_refused() -> None:
    with pytest.raises(CompileError, match="roc_auc"):
        values("roc_auc", NAMED, np.zeros(50, np.int64), TABLE)


def test_task_with_several_outputs_is_first_fitting() -> None:
    assert task_with("rmse", [NAMED, NUMBER]) is NUMBER
    assert task_with("f1_macro", [NUMBER, LABELS, NAMED]) is LABELS


@pytest.mark.parametrize(("name", "task"), [("mae", NAMED), ("accuracy", NUMBER), ("balanced_accuracy", LABELS)])
def test_task_with_unfit_metric_is_refused(name: str, task: ClassTask | LabelTask | NumberTask) -> None:
    with pytest.raises(CompileError, match=f"{name}.*'{task.spec.name}'"):
        task_with(name, [task])


@pytest.mark.parametrize("name", METRICS)
def test_drop_is_positive_where_metric_gets_worse(name: str) -> None:
    better = 0.1 if METRICS[name] else -0.1
    assert drop(name, better) < 0 < drop(name, -better)
