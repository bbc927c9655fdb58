"""Target cells as arrays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from lightship.evaluation import targets
from lightship.tensors import Signature, TensorSpec

SIGNATURE = Signature("s", (), (TensorSpec("y", "float32", (None, 1)), TensorSpec("z", "float32", (None, 1))))


@pytest.mark.parametrize(
    ("requested", "names", "column"),
    [(None, ["x", "y"], "y"), (None, ["z"], None), ("t", ["x", "t"], "t"), ("missing", ["y"], "missing")],
)
def test_column_is_requested_one_or_first_output(requested: str | None, names: list[str], column: str | None) -> None:
    assert targets.column_of(SIGNATURE, requested, names) == column


@pytest.mark.parametrize(
    ("classes", "cells", "indices"),
    [
        (["no", "yes"], ["yes", " no", 1, 0.0, "1", True, None, "maybe", 2], [1, 0, 1, 0, 1, 1, -1, -1, -1]),
        (["1", "2"], ["2", 1, 2.0, "1.0", 0, Decimal(2)], [1, 0, 1, 0, -1, 1]),
        (["true", "false"], [True, False, "true"], [0, 1, 0]),
        (["a", "b", "c"], [[2], ["b"], [7], []], [2, 1, -1, -1]),
        (["a", "b", "c"], [[0, 1, 0], [0.0, 0.0, 1.0], [True, False, False], ("1", "0", "0")], [1, 2, 0, 0]),
        (["a", "b", "c"], [[0, 1], [0, 0, 0], [1, 1, 0], [0.1, 0.9, 0], [0, 1, None], ["a", "b", "c"]], [-1] * 6),
        (["a", "b"], [[[1], [0]], [float("nan"), 1]], [-1, -1]),
    ],
)
def test_cells_of_classes_are_indices(classes: list[str], cells: list[Any], indices: list[int]) -> None:
    assert targets.of_classes(cells, classes).tolist() == indices


@pytest.mark.parametrize(
    ("cell", "row"),
    [
        ("cat|dog", [1, 1, 0]),
        ("dog; bird", [0, 1, 1]),
        ("cat,", [1, 0, 0]),
        ("", [0, 0, 0]),
        ([], [0, 0, 0]),
        (["bird", "cat"], [1, 0, 1]),
        ("cat", [1, 0, 0]),
        (1, [-1, -1, -1]),
        ("1", [-1, -1, -1]),
        ("cat|cow", [-1, -1, -1]),
        (None, [-1, -1, -1]),
        (["cat", None], [-1, -1, -1]),
        (["cat", ["dog"]], [-1, -1, -1]),
    ],
)
def test_cell_of_labels_is_row_of_classes(cell: Any, row: list[int]) -> None:
    assert targets.of_labels([cell], ["cat", "dog", "bird"]).tolist() == [row]


def test_numbers_are_float64_and_large_integers_stay_exact() -> None:
    found = targets.of_numbers(["1.5", 2, None, "x", True, Decimal("1e3")])
    assert found.dtype == np.float64
    assert found[[0, 1, 4, 5]].tolist() == [1.5, 2, 1, 1000]
    assert np.isnan(found[[2, 3]]).all()
    large = targets.of_numbers([2**53 + 1, "9007199254740995", 0.5])
    assert large.tolist() == [2**53 + 1, 2**53 + 3, 0.5]
