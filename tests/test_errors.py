"""The message of errors with a place."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from lightship.errors import InvalidInput


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({}, "too long"),
        ({"row": 0}, "row 1: too long"),
        ({"column": "age"}, "column 'age': too long"),
        ({"row": 2, "column": "age"}, "row 3, column 'age': too long"),
        ({"input": "text", "row": np.int64(1)}, "row 2, input 'text': too long"),
    ],
)
def test_invalid_input_message_begins_with_place(place: dict[str, Any], message: str) -> None:
    error = InvalidInput("too long", **place)
    assert (error.reason, error.message, str(error)) == ("too long", message, message)
    assert copy.copy(error).message == message


def test_invalid_input_at_row_keeps_other_fields() -> None:
    error = InvalidInput("too long", input="text", row=4, column="age", detail="more")
    assert error.at(None).message == "input 'text', column 'age': too long"
    moved = error.at(error.row + 10 if error.row is not None else None)
    assert (moved.row, moved.input, moved.column, moved.detail) == (14, "text", "age", "more")


def test_invalid_input_in_table_names_column() -> None:
    for place in ({"input": "age"}, {"column": "age"}, {"input": "people", "column": "age"}):
        error = InvalidInput("too long", row=4, detail="more", **place).in_table()
        assert (error.row, error.input, error.column, error.detail) == (4, "", "age", "more")


@pytest.mark.parametrize("row", ["3", 1.5])
def test_invalid_input_with_wrong_row_raises_type_error(row: Any) -> None:
    with pytest.raises(TypeError):
        InvalidInput("too long", row=row)


def test_invalid_input_subclass_without_place_has_message() -> None:
    class Refusal(InvalidInput):
        def __init__(self, text: str) -> None:
            self.text = text

    assert Refusal("too long").message == "too long"
