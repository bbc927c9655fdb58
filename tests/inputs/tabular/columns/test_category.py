from __future__ import annotations

from typing import Any

import pytest

from lightship.errors import InvalidInput
from lightship.inputs.tabular.columns import Column, column_of
from lightship.tensors import TensorSpec

SPEC = TensorSpec("x", "int32", (None, 3))


def category(**options: Any) -> Column:
    return column_of("c", {"type": "category", "values": ["a", "b", ""], **options})


@pytest.mark.parametrize(
    ("options", "cell", "numbers"),
    [
        ({}, "b", [1]),
        ({}, "", [2]),
        ({"values": ["10", "20"]}, 20, [1]),
        ({"unknown": 7}, "z", [7]),
        ({"unknown": "b"}, "z", [1]),
        ({"output": "one_hot"}, "b", [0, 1, 0]),
        ({"output": "one_hot", "unknown": "ignore"}, "z", [0, 0, 0]),
        ({"output": "one_hot", "unknown": 0}, "z", [1, 0, 0]),
        ({"missing": "default", "default": "b"}, None, [1]),
    ],
    ids=str,
)
def test_numbers_of_category(options: dict[str, Any], cell: Any, numbers: list[int]) -> None:
    assert list(category(**options).numbers(cell, SPEC)) == numbers


@pytest.mark.parametrize("cell", ["A", " a", "z", None, True, 1.0, ["a"]])
def test_numbers_of_other_cell_are_refused(cell: Any) -> None:
    with pytest.raises(InvalidInput):
        category().numbers(cell, SPEC)


def test_read_empty_text_is_category_or_missing() -> None:
    assert category().read("", SPEC) == ""
    assert category(values=["a"]).read("", SPEC) is None


def test_message_about_many_categories_is_cut() -> None:
    values = [f"value {number}" for number in range(1000)]
    with pytest.raises(InvalidInput, match="value 0, .*1000 values") as error:
        category(values=values).numbers("x" * 500, SPEC)
    assert len(error.value.message) < 400
