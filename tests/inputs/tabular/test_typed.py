from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from lightship import inputs
from lightship.bundle import Manifest
from lightship.compiler.verification import samples
from lightship.errors import InvalidInput
from lightship.inputs import kind_of, tables
from lightship.tensors import Signature, TensorSpec
from tests.inputs.tabular.customers import COLUMNS, CSV, CUSTOMERS, NUMBERS, ROW, typed

SIGNATURE = Signature("s", (CUSTOMERS,), ())
ABSENT = ...


def changed(**cells: Any) -> dict[str, Any]:
    """Return the row with other cells, without those that are ABSENT."""
    return {name: cell for name, cell in {**ROW, **cells}.items() if cell is not ABSENT}


def read(text: str, **parameters: str) -> Any:
    return tables.from_csv(text.encode(), SIGNATURE, parameters)["x"].tolist()


@pytest.mark.parametrize(
    "value",
    [ROW, [ROW], {name: [cell] for name, cell in reversed(ROW.items())}, NUMBERS, [NUMBERS]],
    ids=["object", "objects", "columns", "numbers", "rows of numbers"],
)
def test_decode_forms_of_one_row_are_equal(value: Any) -> None:
    assert inputs.decode(value, CUSTOMERS).reshape(1, -1).tolist() == [NUMBERS]


def test_decode_result_has_dtype_of_tensor() -> None:
    assert inputs.decode([ROW, ROW], CUSTOMERS).dtype == np.float32


def test_from_csv_matches_header_and_ignores_extra_columns() -> None:
    assert read(CSV) == [NUMBERS]


def test_from_csv_without_header_is_read_in_order_of_columns() -> None:
    assert read("40,1200.5,Rome,2,true,2024-03-01T01:30Z\n", header="absent") == [NUMBERS]


@pytest.mark.parametrize("missing", [None, ABSENT, float("nan")])
def test_decode_missing_cells_are_filled_by_policy(missing: Any) -> None:
    (row,) = inputs.decode([changed(income=missing, smoker=missing)], CUSTOMERS).tolist()
    assert row == [40, 51000.5, 1, 0, 1, 0, 2024, 3, 4, 1]


def test_decode_columns_without_optional_one_are_filled() -> None:
    value = {name: [cell, cell] for name, cell in changed(income=ABSENT).items()}
    assert inputs.decode(value, CUSTOMERS)[:, 1].tolist() == [51000.5, 51000.5]


def test_from_csv_empty_cells_and_absent_columns_are_filled() -> None:
    text = "age,city,plan,joined,smoker\n40,Rome,2,2024-03-01 01:30,\n"
    assert read(text) == [[40, 51000.5, 1, 0, 1, 0, 2024, 3, 4, 1]]


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"age": None}, "'age'"),
        ({"age": "40"}, "'age'.*'40'"),
        ({"age": True}, "'age'.*true"),
        ({"age": 1e39}, "'age'.*float32"),
        ({"plan": "3"}, "'plan'.*'3'.*1, 2"),
        ({"plan": 2.5}, "'plan'.*2.5"),
        ({"city": {"a": 1}}, "'city'.*object"),
        ({"smoker": "true"}, "'smoker'.*'true'"),
        ({"smoker": 2}, "'smoker'.*2"),
        ({"joined": "2023-02-29"}, "'joined'.*'2023-02-29'"),
        ({"joined": 20240101}, "'joined'.*20240101"),
        ({"joined": ABSENT}, "'joined'"),
        ({"shoe": 1}, "'shoe'"),
    ],
    ids=str,
)
def test_decode_wrong_cell_is_named(cells: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        inputs.decode(changed(**cells), CUSTOMERS)
    with pytest.raises(InvalidInput, match=f"row 2.*{named}"):
        inputs.decode([ROW, changed(**cells)], CUSTOMERS)


def test_decode_wrong_cell_of_several_rows_has_row() -> None:
    with pytest.raises(InvalidInput, match="row 2.*'age'.*list"):
        inputs.decode([ROW, changed(age=[1])], CUSTOMERS)
    with pytest.raises(InvalidInput, match="row 2.*'plan'.*'9'"):
        inputs.decode({name: [cell, "9" if name == "plan" else cell] for name, cell in ROW.items()}, CUSTOMERS)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("40,1,Rome,2,yes,2024-01-01\n", "'smoker'.*'yes'"),
        ("40,1,Rome,2,1,31.12.2024\n", "'joined'.*'31.12.2024'"),
        ('"40,5",1,Rome,2,1,2024-01-01\n', "'age'.*'40,5'.*point"),
        (",1,Rome,2,1,2024-01-01\n", "'age'"),
        ("40;1;Rome;2;1;2024-01-01\n", "';'"),
    ],
)
def test_from_csv_wrong_cell_is_named(text: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        read(text, header="absent")


def test_from_csv_with_other_columns_only_is_refused() -> None:
    columns = [{"name": name, "missing": "default", "default": 0} for name in "ab"]
    signature = Signature("s", (typed(columns, width=2),), ())
    with pytest.raises(InvalidInput, match="'a'"):
        tables.from_csv(b"c,d\n1,2\n", signature, {})


@pytest.mark.parametrize(
    ("column", "named"),
    [
        ({"type": "number"}, "name"),
        ({"name": "a", "type": "text"}, "'text'.*date"),
        ({"name": "a", "type": "number", "values": ["x"]}, "'values'"),
        ({"name": "a", "type": "category"}, "values"),
        ({"name": "a", "type": "category", "values": [1]}, "quotes"),
        ({"name": "a", "type": "category", "values": ["x", "x"]}, "'x'"),
        ({"name": "a", "type": "category", "values": ["x"], "unknown": "y"}, "'y'"),
        ({"name": "a", "type": "category", "values": ["x"], "unknown": -1}, "-1"),
        ({"name": "a", "type": "category", "values": ["x"], "unknown": "ignore"}, "'ignore'"),
        ({"name": "a", "type": "category", "values": ["x"], "output": "hot"}, "'hot'"),
        ({"name": "a", "type": "date"}, "features"),
        ({"name": "a", "type": "date", "features": ["yaer"]}, "'yaer'"),
        ({"name": "a", "missing": "median"}, "'median'"),
        ({"name": "a", "missing": "mean"}, "mean"),
        ({"type": "date"}, r"columns\[0\]"),
        ({"name": ""}, r"columns\[0\]"),
        ({"name": "a", "default": 1}, "default"),
        ({"name": "a", "missing": "default", "default": "x"}, "'x'"),
        ({"name": "a", "type": "boolean", "missing": "default", "default": "no"}, "'no'"),
        ({"name": "a", "type": "boolean", "missing": "mean", "mean": 0.5}, "'mean'"),
        ({"name": "a", "type": "date", "features": ["day"], "missing": "default", "default": "x"}, "'x'"),
    ],
    ids=str,
)
def test_check_options_wrong_column_is_named(column: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        inputs.check_options("tabular", {"columns": [column]})


@pytest.mark.parametrize(
    ("columns", "width", "dtype", "named"),
    [
        (COLUMNS, 9, "float32", "10.*city 1, plan 2"),
        ([{"name": "a"}, {"name": "a"}], 2, "float32", "'a'"),
        ([{"name": "a", "type": "boolean"}], 1, "string", "string"),
        ([{"name": "a", "type": "date", "features": ["year"]}], 1, "int8", "'a'.*int8"),
        ([{"name": "a", "type": "category", "values": ["x"], "unknown": 300}], 1, "uint8", "'a'.*uint8"),
        ([{"name": "a", "missing": "mean", "mean": 1.5}], 1, "int32", "'a'.*1.5.*int32"),
    ],
)
def test_configure_columns_beyond_tensor_are_refused(columns: list[Any], width: int, dtype: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        typed(columns, width=width, dtype=dtype)


def test_kind_in_manifest_is_read_and_written_unchanged() -> None:
    assert CUSTOMERS.kind is not None
    manifest = Manifest("litert", (SIGNATURE,), {})
    record = orjson.loads(orjson.dumps(manifest.signatures[0].to_json()))
    assert TensorSpec.from_json(record["inputs"][0]).kind == CUSTOMERS.kind
    assert {"type": "tabular", **kind_of(CUSTOMERS).to_json()} == CUSTOMERS.kind
    assert CUSTOMERS.kind["columns"] == list(ROW)
    assert "age" not in CUSTOMERS.kind["types"]


def test_sample_holds_numbers_of_valid_cells() -> None:
    (made,) = samples.make(SIGNATURE, size=8, bound=1_000_000).values()
    assert made.dtype == np.float32
    assert set(made[:, 2].tolist()) == {0, 1, 2, 3}
    assert (made[:, 3:5].sum(axis=1) == 1).all()
    assert set(made[:, 5].tolist()) == {0, 1}
    year, month, weekday, hour = made[:, 6:].T
    assert year.min() >= 1970
    assert year.max() <= 2037
    for feature, least, most in ((month, 1, 12), (weekday, 0, 6), (hour, 0, 23)):
        assert least <= feature.min() < feature.max() <= most


def test_encode_of_row_decodes_to_similar_numbers() -> None:
    value = kind_of(CUSTOMERS).encode(np.float32([NUMBERS]), CUSTOMERS)
    assert inputs.decode(orjson.loads(orjson.dumps(value)), CUSTOMERS)[0, :6].tolist() == NUMBERS[:6]


def test_schema_has_type_of_each_column() -> None:
    (schema,) = kind_of(CUSTOMERS).schemas(CUSTOMERS)
    assert schema["required"] == ["age", "city", "plan", "joined"]
    properties = schema["properties"]
    assert properties["age"] == {"type": "number"}
    assert properties["plan"]["enum"] == ["1", "2", 1, 2]
    assert properties["smoker"]["anyOf"][0]["enum"] == [True, False, 0, 1]
    assert properties["smoker"]["anyOf"][1] == {"type": "null"}
    assert {"type": "string", "format": "date"} in properties["joined"]["anyOf"]


def test_describe_has_type_of_each_column() -> None:
    described = kind_of(CUSTOMERS).describe()
    assert [name.removeprefix("column ") for name in described] == list(ROW)
    assert "mean" in described["column income"]
    assert "Oslo" in described["column city"]
