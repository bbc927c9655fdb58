from __future__ import annotations

from typing import Any

import pytest

from lightship.errors import InvalidInput
from lightship.inputs.tabular.columns import column_of
from lightship.tensors import TensorSpec

SPEC = TensorSpec("x", "float32", (None, 1))
BOOLEAN = column_of("b", {"type": "boolean"})


@pytest.mark.parametrize(("cell", "number"), [(True, 1), (False, 0), (1, 1), (0, 0)])
def test_numbers_of_boolean(cell: Any, number: int) -> None:
    assert BOOLEAN.numbers(cell, SPEC) == (number,)


@pytest.mark.parametrize("cell", [2, -1, 1.0, "true", "", None, []])
def test_numbers_of_other_cell_are_refused(cell: Any) -> None:
    with pytest.raises(InvalidInput):
        BOOLEAN.numbers(cell, SPEC)


@pytest.mark.parametrize(
    ("text", "cell"), [("TRUE", True), (" false ", False), ("1", True), ("0", False), ("", None), ("yes", "yes")]
)
def test_read_text_of_csv(text: str, cell: Any) -> None:
    assert BOOLEAN.read(text, SPEC) == cell
