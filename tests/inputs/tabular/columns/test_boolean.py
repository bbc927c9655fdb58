from __future__ import annotations

import math
from typing import Any

import pytest

from lightship.errors import InvalidInput
from lightship.inputs.tabular.columns import column_of
from lightship.tensors import TensorSpec

SPEC = TensorSpec("x", "float32", (None, 1))
BOOLEAN = column_of("b", {"type": "boolean"})


@pytest.mark.parametrize(("cell", "number"), [(True, 1), (False, 0), (1, 1), (0, 0), (1.0, 1), (0.0, 0)])
def test_numbers_of_boolean(cell: Any, number: int) -> None:
    assert BOOLEAN.numbers(cell, SPEC) == (number,)


@pytest.mark.parametrize("cell", [2, -1, 0.5, "true", "", None, []])
def test_numbers_of_other_cell_are_refused(cell: Any) -> None:
    with pytest.raises(InvalidInput):
        BOOLEAN.numbers(cell, SPEC)


@pytest.mark.parametrize(
    ("text", "cell"),
    [("TRUE", True), (" false ", False), ("1", True), ("0", False), ("1.0", True), ("", None), ("yes", "yes")],
)
def test_read_text_of_csv(text: str, cell: Any) -> None:
    assert BOOLEAN.read(text, SPEC) == cell


def test_missing_boolean_becomes_nan() -> None:
    gapped = column_of("b", {"type": "boolean", "missing": "nan"})
    assert math.isnan(gapped.numbers(None, SPEC)[0])
    with pytest.raises(InvalidInput, match="int32"):
        gapped.numbers(None, TensorSpec("x", "int32", (None, 1)))
