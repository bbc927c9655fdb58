from __future__ import annotations

from typing import Any

import pytest

from lightship import inputs
from lightship.errors import InvalidInput
from lightship.inputs import tables
from lightship.tensors import Signature, TensorSpec

PLAIN = TensorSpec("x", "float32", (None, 2))
NAMED = TensorSpec("x", "float32", (None, 2), inputs.configure(PLAIN, "tabular", {"columns": ["age", "income"]}))
MIXED = Signature(
    "s",
    (
        TensorSpec("city", "string", (None,)),
        TensorSpec("bedrooms", "int32", (None, 1)),
        TensorSpec("new", "bool", (None,)),
    ),
    (),
)


def read(text: str, *specs: TensorSpec, **parameters: str) -> dict[str, Any]:
    arrays = tables.from_csv(text.encode(), Signature("s", specs, ()), parameters)
    return {name: array.tolist() for name, array in arrays.items()}


@pytest.mark.parametrize(
    "value",
    [{"age": [1, 3], "income": [2, 4]}, [{"age": 1, "income": 2}, {"income": 4, "age": 3}], [[1, 2], [3, 4]]],
)
def test_decode_columns_records_and_rows_are_equal(value: Any) -> None:
    assert inputs.decode(value, NAMED).tolist() == [[1, 2], [3, 4]]


def test_decode_one_record_is_one_row() -> None:
    assert inputs.decode({"income": 2, "age": 1}, NAMED).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"age": 1}, "'income'"),
        ({"age": 1, "income": 2, "shoe": 3}, "'shoe'"),
        ([{"age": 1}], "'income'"),
        ({"age": [1, 2], "income": [1]}, None),
        ({"age": [1, 2], "income": 1}, None),
        ({"age": "old", "income": 1}, None),
    ],
)
def test_decode_wrong_columns_are_named(value: Any, named: str | None) -> None:
    with pytest.raises(InvalidInput, match=named):
        inputs.decode(value, NAMED)


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "age,income\n1,2\n3,4\n",
        "income,age,extra\r\n2,1,x\r\n4,3,y\r\n",
        "\ufeff1,2\n\n3,4",
        '"1","2"\n3,4\n',
    ],
)
def test_from_csv_with_and_without_header(text: str) -> None:
    assert read(text, NAMED) == {"x": [[1, 2], [3, 4]]}


def named(*columns: str) -> TensorSpec:
    return TensorSpec("x", "float32", (None, 2), inputs.configure(PLAIN, "tabular", {"columns": list(columns)}))


def test_from_csv_numeric_names_with_text_are_header() -> None:
    assert read("2,q,id\n1,2,3\n", named("2", "q")) == {"x": [[1, 2]]}
    assert read("1,2\n3,4\n", named("1", "2")) == {"x": [[1, 2], [3, 4]]}


def test_from_csv_header_parameter_overrides_detection() -> None:
    words = TensorSpec("word", "string", (None,))
    assert read("good\nbad\n", words, header="absent") == {"word": [b"good", b"bad"]}
    assert read("2,1\n3,4\n", named("1", "2"), header="Present") == {"x": [[4, 3]]}
    assert read("1,2\n3,4\n", PLAIN, header="present") == {"x": [[3, 4]]}
    with pytest.raises(InvalidInput, match="maybe"):
        read("1,2\n", PLAIN, header="maybe")


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("good\nbad\n", (TensorSpec("text", "string", (None, 1)),)),
        ("review\ngood\n", (TensorSpec("text", "string", (None,)),)),
        ("id,review\n1,good\n", (TensorSpec("text", "string", (None,)),)),
        ("good,a\nbad,b\n", (TensorSpec("words", "string", (None, 2)),)),
        ("Bonn,Rome\n", (TensorSpec("from", "string", (None,)), TensorSpec("to", "string", (None,)))),
        ("Bonn,new\n", (TensorSpec("from", "string", (None,)), TensorSpec("new", "bool", (None,)))),
    ],
    ids=["row", "other name", "other columns", "several elements", "several inputs", "text and boolean"],
)
def test_from_csv_first_row_of_text_without_names_is_refused(text: str, specs: tuple[TensorSpec, ...]) -> None:
    with pytest.raises(InvalidInput, match=rf"{specs[0].name}.*header=absent"):
        read(text, *specs)


@pytest.mark.parametrize("parameters", [{}, {"header": "present"}], ids=["detected", "present"])
def test_from_csv_header_with_some_names_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="lacks the column 'x_0'"):
        read("x_1,x_O\n0,1\n", PLAIN, **parameters)


@pytest.mark.parametrize(
    ("text", "spec", "expected"),
    [
        ("text\ngood\n", TensorSpec("text", "string", (None,)), [b"good"]),
        ("id,text\n1,good\n", TensorSpec("text", "string", (None, 1)), [[b"good"]]),
        ("2001\ngood\n", TensorSpec("text", "string", (None,)), [b"2001", b"good"]),
        ("x_1,note,x_0\n2,a,1\n", PLAIN, [[1, 2]]),
        ("true,False\nfalse,true\n", TensorSpec("x", "bool", (None, 2)), [[True, False], [False, True]]),
        ("left,right\nfalse,true\n", TensorSpec("x", "bool", (None, 2)), [[False, True]]),
    ],
)
def test_from_csv_first_row_is_header_by_names_or_values(text: str, spec: TensorSpec, expected: list[Any]) -> None:
    assert read(text, spec) == {spec.name: expected}


def test_from_csv_empty_first_row_is_row_of_missing_numbers() -> None:
    number = TensorSpec(
        "x", "float32", (None,), inputs.configure(TensorSpec("x", "float32", (None,)), "number", {"missing": "nan"})
    )
    assert repr(read('""\n1\n', number)) == "{'x': [nan, 1.0]}"


def test_from_csv_stated_header_of_other_name_is_read_by_position() -> None:
    text = TensorSpec("text", "string", (None,))
    assert read("review\ngood\n", text, header="present") == {"text": [b"good"]}
    with pytest.raises(InvalidInput, match="1 .*text.*got 2"):
        read("id,review\n1,good\n", text, header="present")


def test_from_csv_plain_tensor_takes_columns_by_position() -> None:
    assert read("1,2\n", PLAIN) == {"x": [[1, 2]]}
    assert read("left,right\n1,2\n", PLAIN) == {"x": [[1, 2]]}


def test_from_csv_reads_inputs_of_different_dtypes() -> None:
    expected = {"city": [b"Bonn", b"a,\nb"], "bedrooms": [[3], [4]], "new": [True, False]}
    assert read('city,bedrooms,new\nBonn,3,true\n"a,\nb",4,0\n', *MIXED.inputs) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", None),
        ("age,income\n", None),
        ("1,2\n3\n", "row 2.*1.*2"),
        ("1,2,3\n", "2.*got 3"),
        ("age,income,age\n1,2,3\n", "'age'"),
        ("age,income\n1,\n", "row 1, column 'income': the value is missing"),
        ("age,shoe\n1,2\n", "'income'"),
        ("age;income\n1;2\n", "';'"),
        ("1;2\n3;4\n", "';'"),
        ("1,5;2,5\n", "';'"),
        ("id;income;age\n1,5;2\n", "';'"),
        ("age\tincome\n1\t2\n", None),
        ("age|income\r\n1|2\r\n", r"'\|'"),
        ("1;2,3\n", "row 1.*'age'.*'1;2'.*float32"),
        ("1,x\n", "row 1.*'income'.*'x'.*float32"),
        ('"1,2\n', None),
    ],
)
def test_from_csv_malformed_is_refused(text: str, named: str | None) -> None:
    with pytest.raises(InvalidInput, match=named):
        read(text, NAMED)


def test_from_csv_not_utf8_is_refused() -> None:
    with pytest.raises(InvalidInput, match="byte 2"):
        tables.from_csv(b"1,\xff\n", Signature("s", (NAMED,), ()), {})


def test_from_csv_integer_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidInput, match="int32"):
        read("a,99999999999,1\n", *MIXED.inputs)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, None),
        ({"columns": ["a"]}, "1"),
        ({"columns": ["a", "a"]}, "'a'"),
        ({"columns": "ab"}, None),
    ],
)
def test_configure_wrong_options_are_refused(options: dict[str, Any], named: str | None) -> None:
    with pytest.raises(InvalidInput, match=named):
        inputs.configure(PLAIN, "tabular", options)


def test_configure_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'sound'"):
        inputs.configure(PLAIN, "sound", {})


@pytest.mark.parametrize(
    ("wrong", "column"),
    [({"age": 1}, "income"), ({"age": 1, "income": 2, "shoe": 3}, "shoe"), ({"age": "x", "income": 2}, "age")],
)
def test_list_of_objects_names_row_and_column(wrong: dict[str, Any], column: str) -> None:
    good = {"age": 40, "income": 1}
    with pytest.raises(InvalidInput) as several:
        inputs.decode([good, wrong, good], NAMED)
    with pytest.raises(InvalidInput) as one:
        inputs.decode(wrong, NAMED)
    assert (several.value.row, several.value.column) == (1, column)
    assert (one.value.row, one.value.column) == (None, column)


@pytest.mark.parametrize("header", ["age,,income,", "id,age,id,income", ",income,,age"])
def test_from_csv_repeated_names_of_other_columns_are_ignored(header: str) -> None:
    cells = {"age": "4", "income": "5"}
    row = ",".join(cells.get(name, "x") for name in header.split(","))
    assert read(f"{header}\n{row}\n", NAMED)["x"] == [[4, 5]]
