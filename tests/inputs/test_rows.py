"""The first wrong row is named, for every kind of input and form of JSON."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

from lightship import inputs
from lightship.errors import InvalidInput
from lightship.inputs.frames import from_rows
from lightship.tensors import Signature, TensorSpec
from tests.inputs.tabular.customers import typed


def png(*, broken: bool = False) -> str:
    file = io.BytesIO()
    PIL.Image.new("L", (8, 8)).save(file, "PNG")
    data = bytearray(file.getvalue())
    if broken:  # the header is valid, the pixels are not
        data[45] ^= 0xFF
    return base64.b64encode(data).decode()


PLAIN = TensorSpec("x", "float32", (None, 2))
WIDE = TensorSpec("x", "float32", (None, None))
SCALAR = TensorSpec("x", "float32", (None,))
DEEP = TensorSpec("x", "float32", (None, 2, 2))
INTEGERS = TensorSpec("x", "int8", (None, 2))
TEXTS = TensorSpec("x", "string", (None,))
ROWS_OF_TEXT = TensorSpec("x", "string", (None, 1))
TABLE = typed(["a", "b"], width=2)
GAPPED = typed(["a", {"name": "b", "missing": "nan"}], width=2)
TYPED = typed(["a", {"name": "b", "type": "boolean", "missing": "default", "default": False}], width=2)
NUMBERS = TensorSpec("x", "float32", (None, 2), {"type": "number", "missing": "nan"})
STRINGS = TensorSpec("x", "string", (None,), {"type": "string", "missing": "default", "default": ""})
BOOLEANS = TensorSpec("x", "float32", (None,), {"type": "boolean"})
TEXT = TensorSpec("x", "string", (None,), {"type": "text", "tokenizer": "v.txt", "length": 4, "max_bytes": 5})
IMAGE = TensorSpec("x", "float32", (None, 8, 8, 1), {"type": "image", "mode": "L"})
ALL = typed([{"name": "a", "missing": "nan"}, {"name": "b", "missing": "nan"}], width=2)
FILLED = typed(
    [{"name": "a", "missing": "default", "default": 7}, {"name": "b", "missing": "mean", "mean": 8}], width=2
)
FIRST = ("x", 1, "")  # the second row, of the input x


@pytest.mark.parametrize(
    ("spec", "value", "place"),
    [
        (PLAIN, [[1, 2], [3, "a"], [4]], FIRST),
        (PLAIN, [[1, 2], [3], [4, "a"]], FIRST),
        (PLAIN, [[1, 2], [3, [4]], ["a", 5]], FIRST),
        (PLAIN, [[1, 2], [3, 1e39], [4, "a"]], FIRST),
        (PLAIN, [[1, 2], [3, "a"], [4, 1e39]], FIRST),
        (PLAIN, [[1, 2], None, ["a", 3]], FIRST),
        (PLAIN, [[1, 2], 3, ["a", 3]], FIRST),
        (WIDE, [[1, 2], [3], ["a", 4]], FIRST),
        (WIDE, [[1, 2], [3], [4], [5]], FIRST),
        (SCALAR, [1, [2], "a"], FIRST),
        (SCALAR, [1, None, [2]], FIRST),
        (DEEP, [[[1, 2], [3, 4]], [[5, 6]], [[7, 8], [9, "a"]]], FIRST),
        (INTEGERS, [[1, 2], [3, 300], [4, 1.5]], FIRST),
        (TEXTS, ["a", ["b"], 3], FIRST),
        (TEXTS, ["a", None, ["b"]], FIRST),
        (ROWS_OF_TEXT, ["a", None], FIRST),
        (ROWS_OF_TEXT, ["a", 3], FIRST),
        (ROWS_OF_TEXT, ["a", ["b"], None], FIRST),
        (ROWS_OF_TEXT, [["a"], "b", [3]], FIRST),
        (ROWS_OF_TEXT, [["a"], ["b", "c"], [3]], FIRST),
        (TABLE, [[1, 2], [3, "a"], [4]], ("", 1, "b")),
        (TABLE, [{"a": 1, "b": 2}, {"a": "c", "b": 2}, {"a": 3}], ("", 1, "a")),
        (TABLE, [{"a": 1, "b": 2}, {"b": 2}, {"a": "c", "b": 2}], ("", 1, "a")),
        (TABLE, [{"a": 1, "b": 2}, {"a": 1e39, "b": 2}, {"a": "c", "b": 2}], ("", 1, "a")),
        (TABLE, {"a": [1, 1e39, "c"], "b": [1, 2, 3]}, ("", 1, "a")),
        (GAPPED, [[1, None], [None, 2], ["c", 3]], ("", 1, "a")),
        (GAPPED, [{"a": 1}, {"a": None}, {"a": "c"}], ("", 1, "a")),
        (GAPPED, {"a": [1, None, "c"]}, ("", 1, "a")),
        (TYPED, [{"a": 1}, {"b": True}, {"a": "c"}], ("", 1, "a")),
        (TYPED, [[1, 0], [1], [2, "c"]], FIRST),
        (NUMBERS, [[1, None], [2, 1e39], [3, "a"]], FIRST),
        (STRINGS, ["a", 3, ["b"]], FIRST),
        (BOOLEANS, [True, 2, [3]], FIRST),
        (TEXT, ["good", "too long", 3], FIRST),
        (IMAGE, [png(), png(broken=True), "AAAA"], FIRST),
        (IMAGE, [png(), "AAAA", 3], FIRST),
    ],
    ids=repr,
)
def test_first_wrong_row_is_named(spec: TensorSpec, value: Any, place: tuple[str, int, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        inputs.decode(value, spec)
    error = refused.value
    assert (error.input, error.row, error.column) == place


@pytest.mark.parametrize("wrong", [0, 1, 2, 62, 63])
def test_first_wrong_row_of_many_is_found(wrong: int) -> None:
    rows = [[1, 2] for _ in range(64)]
    rows[wrong:] = [[3, "a"], *rows[wrong + 1 :]]  # type: ignore[list-item]
    rows[-1] = ["a", 4]  # type: ignore[list-item]
    with pytest.raises(InvalidInput) as refused:
        inputs.decode(rows, PLAIN)
    assert refused.value.row == wrong


@pytest.mark.parametrize(
    ("spec", "value", "row"),
    [
        (TABLE, [[1, 2], {"a": 1, "b": 2}, {"a": 1, "b": 2}], 1),
        (TABLE, [{"a": 1, "b": 2}, {"a": 1, "b": 2}, [1, 2]], 2),
        (TABLE, [{"a": 1, "b": 2}, None], 1),
        (GAPPED, [[1, None], {"a": 1}], 1),
        (GAPPED, [{"a": 1}, [1, None]], 1),
        (TYPED, [[1, 0], {"a": 1}], 1),
        (TYPED, [{"a": 1}, [1, 0]], 1),
        (PLAIN, [[1, 2], {"a": 1}], 1),
        (TEXTS, ["a", ["b"]], 1),
        (ROWS_OF_TEXT, [["a"], "b"], 1),
    ],
    ids=repr,
)
def test_rows_of_two_forms_are_refused_with_first_row_of_other_form(spec: TensorSpec, value: Any, row: int) -> None:
    with pytest.raises(InvalidInput, match="all rows must have one form") as refused:
        inputs.decode(value, spec)
    assert (refused.value.input, refused.value.row, refused.value.column) == ("x", row, "")


@pytest.mark.parametrize(
    ("columns", "column"),
    [
        ({"a": [1, 2], "b": [3]}, "b"),
        ({"b": [1, 2], "a": [3]}, "a"),
        ({"a": [1, 2], "b": 3}, "b"),
        ({"a": 1, "b": [3]}, "b"),
    ],
)
@pytest.mark.parametrize("spec", [TABLE, GAPPED, TYPED], ids=["table", "gapped", "typed"])
def test_columns_of_unequal_length_name_column(spec: TensorSpec, columns: dict[str, Any], column: str) -> None:
    with pytest.raises(InvalidInput, match="same number of rows") as refused:
        inputs.decode(columns, spec)
    assert (refused.value.row, refused.value.column) == (None, column)


@pytest.mark.parametrize("spec", [PLAIN, SCALAR, TEXTS, ROWS_OF_TEXT, TABLE, GAPPED, INTEGERS], ids=repr)
def test_null_is_one_sentence_in_all_kinds(spec: TensorSpec) -> None:
    row = None if spec.row_shape in ((), (1,)) else [None, 1]
    with pytest.raises(InvalidInput) as refused:
        inputs.decode([row], spec)
    assert (refused.value.reason, refused.value.row) == ("the value is missing", 0)


def test_nan_in_base64_names_row_and_column() -> None:
    data = base64.b64encode(np.float32([[1, 2], [np.nan, 3]]).tobytes()).decode()
    with pytest.raises(InvalidInput) as refused:
        inputs.decode({"b64": data}, TABLE)
    assert (refused.value.row, refused.value.column) == (1, "a")


@pytest.mark.parametrize(("spec", "expected"), [(ALL, [np.nan, np.nan]), (FILLED, [7, 8])], ids=["nan", "values"])
def test_object_without_keys_is_row_with_missing_columns(spec: TensorSpec, expected: list[float]) -> None:
    for value, count in (([{}], 1), ([{"a": 1, "b": 2}, {}], 2), ([{}, {"b": 2}], 2), ({}, 1)):
        array = inputs.decode(value, spec)
        assert array.shape == (count, 2)
        empty = 1 if count == 2 and value[0] else 0
        np.testing.assert_array_equal(array[empty], expected)


@pytest.mark.parametrize("spec", [TABLE, GAPPED, TYPED], ids=["table", "gapped", "typed"])
def test_object_without_keys_lacks_required_column(spec: TensorSpec) -> None:
    with pytest.raises(InvalidInput, match="missing") as refused:
        inputs.decode([{"a": 1, "b": 1}, {}], spec)
    assert (refused.value.row, refused.value.column) == (1, "a")


def test_frame_of_records_without_keys_is_rows_with_missing_columns() -> None:
    signature = Signature("serving_default", (ALL,), ())
    for records in ([{}], [{"a": 1}, {}], [{}, {"a": 1}]):
        found = from_rows(records, signature, "the body")["x"]
        assert found.shape == (len(records), 2)
        assert np.isnan(found[[not record for record in records]]).all()


@pytest.mark.parametrize(
    ("records", "row", "column"),
    [
        ([{"a": 1, "b": 2}, {"a": "c", "b": 2}, {"b": 3}], 1, "a"),
        ([{"a": 1, "b": 2}, {"b": 3}, {"a": "c", "b": 2}], 1, "a"),
        ([{"a": 1, "b": 2}, {"a": 1e39, "b": 2}, {"a": "c", "b": 2}], 1, "a"),
        ([{"a": 1, "b": 2}, {"a": "c", "b": 2}, 5], 1, "a"),
    ],
)
def test_first_wrong_record_of_frame_is_named(records: list[Any], row: int, column: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        from_rows(records, Signature("serving_default", (TABLE,), ()), "the body")
    assert (refused.value.row, refused.value.column) == (row, column)
