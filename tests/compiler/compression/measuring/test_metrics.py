"""Metrics of budgets, with scikit-learn as the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sklearn

from lightship.compiler.compression.measuring.metrics import METRICS, drop, values
from lightship.errors import CompileError
from lightship.tensors import Array, TensorSpec

RNG = np.random.default_rng(3)
TABLE = RNG.dirichlet(np.ones(3), 50).astype(np.float32)
CLASSES = RNG.integers(0, 3, 50)
PLAIN = TensorSpec("p", "float32", (None, 3))
NAMED = TensorSpec("p", "float32", (None, 3), classes=("ant", "bee", "cat"))
LABELS = TensorSpec("p", "float32", (None, 3), classes=("ant", "bee", "cat"), multi_label=True)
NUMBER = TensorSpec("y", "float32", (None, 1))
NUMBERS = RNG.normal(size=(50, 1)).astype(np.float32)
TRUE = RNG.normal(size=50)


def test_values_of_classes_equal_scikit_learn() -> None:
    expected = sklearn.accuracy_score(CLASSES, TABLE.argmax(axis=1))
    found = values("accuracy", PLAIN, CLASSES.tolist(), TABLE)
    assert found[0] == pytest.approx(expected)
    assert len(found) == 201
    assert values("accuracy", NAMED, [NAMED.classes[index] for index in CLASSES], TABLE) == found
    assert values("log_loss", PLAIN, CLASSES.tolist(), TABLE)[0] == pytest.approx(sklearn.log_loss(CLASSES, TABLE))


def test_values_of_labels_equal_scikit_learn() -> None:
    flags = RNG.integers(0, 2, (50, 3))
    cells = [";".join(name for name, flag in zip(LABELS.classes, row, strict=True) if flag) for row in flags.tolist()]
    expected = sklearn.f1_score(flags, TABLE >= 0.5, average="macro", zero_division=0)
    assert values("f1_macro", LABELS, cells, TABLE)[0] == pytest.approx(expected)
    assert values("f1_macro", LABELS, flags.tolist(), TABLE)[0] == pytest.approx(expected)


def test_values_of_numbers_equal_scikit_learn() -> None:
    expected = sklearn.mean_absolute_error(TRUE, NUMBERS)
    assert values("mae", NUMBER, [str(number) for number in TRUE], NUMBERS)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "spec", "cells", "output", "named"),
    [
        ("mae", NAMED, [0] * 50, TABLE, "mae"),
        ("accuracy", NUMBER, [0] * 50, NUMBERS, "accuracy"),
        ("accuracy", NAMED, ["ant"] * 49 + ["dog"], TABLE, r"data\.csv, row 50.*dog"),
        ("mse", NUMBER, ["1", "two", *["3"] * 48], NUMBERS, r"data\.csv, row 2.*two"),
        ("roc_auc", PLAIN, [0] * 50, TABLE, "roc_auc"),
        ("f1_macro", LABELS, [["ant"]] * 49 + [1], TABLE, r"data\.csv, row 50"),
        ("balanced_accuracy", LABELS, [["ant"]] * 50, TABLE, "balanced_accuracy"),
    ],
)
def test_values_unsuitable_data_is_named(
    name: str, spec: TensorSpec, cells: list[Any], output: Array, named: str
) -> None:
    with pytest.raises(CompileError, match=named):
        values(name, spec, cells, output, file="data.csv")


@pytest.mark.parametrize("name", METRICS)
def test_drop_is_positive_where_metric_gets_worse(name: str) -> None:
    better = 0.1 if METRICS[name] else -0.1
    assert drop(name, better) < 0 < drop(name, -better)
