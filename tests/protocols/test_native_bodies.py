"""Forms of bodies of the native protocol, and the places that errors name."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from lightship.bundle import Manifest
from lightship.calls import ModelState
from lightship.errors import InvalidInput
from lightship.inputs import configure
from lightship.protocols.http import Request
from lightship.protocols.native import decode_predict, encode_model
from lightship.tensors import Signature, TensorSpec

NUMBER = {"type": "number", "missing": "nan"}
INCOME = TensorSpec("income", "float64", (None,), NUMBER)
JOB, REGION = TensorSpec("job", "string", (None,)), TensorSpec("region", "string", (None,))
PEOPLE = (INCOME, JOB, REGION)
AGE = TensorSpec("age", "float64", (None,))


def table(name: str, *columns: Any) -> TensorSpec:
    plain = TensorSpec(name, "float32", (None, len(columns)))
    return TensorSpec(name, "float32", plain.shape, configure(plain, "tabular", {"columns": list(columns)}))


CLIENT, ORDER = table("client", "age", "income"), table("order", "items")
CITY = {"name": "city", "type": "category", "values": ["Rome", "Bern"]}
TYPED = table("claim", "age", CITY, {"name": "smoker", "type": "boolean"})
TEXTS = (
    TensorSpec("text", "string", (None,), {"type": "text", "tokenizer": "vocab.txt", "length": 8, "max_bytes": 20}),
    TensorSpec("text", "string", (None, 1)),
)


def decoded(body: Any, *specs: TensorSpec) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else orjson.dumps({"input": body})
    manifest = Manifest("litert", (Signature("s", specs, ()),), {})
    inputs = decode_predict(Request("POST", "/predict", body=data), manifest).inputs
    return {name: array.tolist() for name, array in inputs.items()}


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ({"job": "a", "region": "b"}, 1),
        ({"job": ["a"] * 2, "region": ["b"] * 2}, 2),
        ([{"job": "a", "region": "b"}] * 2, 2),
        ([{"job": "a", "region": "b"}, {"job": "a", "region": "b", "income": None}], 2),
    ],
    ids=["object", "columns", "rows", "null"],
)
def test_absent_optional_input_is_nan_in_each_form(value: Any, rows: int) -> None:
    found = decoded(value, *PEOPLE)
    assert found.keys() == {"income", "job", "region"}
    assert found["job"] == [b"a"] * rows
    assert np.isnan(found["income"]).tolist() == [True] * rows


def test_rows_of_objects_are_accepted_for_tables_among_several_inputs() -> None:
    rows = [
        {"client": {"income": 2, "age": 30}, "order": {"items": 1}},
        {"client": {"age": 31, "income": 4}, "order": {"items": 3}},
    ]
    assert decoded(rows, CLIENT, ORDER) == {"client": [[30, 2], [31, 4]], "order": [[1], [3]]}


@pytest.mark.parametrize("spec", TEXTS, ids=["kind text", "string"])
def test_rows_with_name_of_only_input_are_accepted(spec: TensorSpec) -> None:
    array = decoded([{"text": "a"}, {"text": "b"}], spec)["text"]
    assert np.ravel(array).tolist() == [b"a", b"b"]
    assert decoded([{"client": {"age": 1, "income": 2}}], CLIENT) == {"client": [[1, 2]]}
    same = table("age", "age")
    assert decoded([{"age": 4}], same) == {"age": [[4]]}


@pytest.mark.parametrize(
    ("value", "specs", "place"),
    [
        ({"age": [3, "30"], "job": ["a", "b"]}, (AGE, JOB), ("age", 1, "")),
        ([{"age": 3, "job": "a"}, {"age": "30", "job": "a"}], (AGE, JOB), ("age", 1, "")),
        ([{"age": 3, "job": "a"}, {"age": None, "job": "a"}], (AGE, JOB), ("age", 1, "")),
        ([{"job": "a", "region": "b"}, {"job": "a"}], PEOPLE, ("region", 1, "")),
        ([{"text": "a"}, {"text": None}], TEXTS[:1], ("text", 1, "")),
        (["a", None], TEXTS[:1], ("text", 1, "")),
        ([{"client": {"age": 1, "income": "x"}, "order": [1]}], (CLIENT, ORDER), ("", 0, "income")),
        ([{"client": {"age": 1}, "order": [1]}], (CLIENT, ORDER), ("", 0, "income")),
        ([[1, 0, 1], [1, "Rome", True]], (TYPED,), ("claim", 1, "")),
    ],
)
def test_wrong_value_names_input_or_column_and_row(
    value: Any, specs: tuple[TensorSpec, ...], place: tuple[str, int, str]
) -> None:
    with pytest.raises(InvalidInput) as error:
        decoded(value, *specs)
    assert (error.value.input, error.value.row, error.value.column) == place


def test_cells_in_lists_of_typed_table_are_refused_with_form_to_send() -> None:
    with pytest.raises(InvalidInput, match="by column name"):
        decoded([1, "Rome", True], TYPED)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"input": ["caf\xe9"]}', "UTF-8.*byte 15"),
        (b'{"input": [[1, NaN]]}', "NaN.*null"),
        (b'{"input": [[1, -Infinity]]}', "-Infinity.*null"),
        (b'{"input": [[1, nan]]}', "column 16"),
    ],
)
def test_body_other_than_json_is_refused_with_reason(body: bytes, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        decoded(body, CLIENT)


ANY_AGE = TensorSpec("age", "float64", (None,), NUMBER)
GAPS = table("people", {"name": "age", "missing": "nan"}, {"name": "income", "missing": "nan"})


@pytest.mark.parametrize("specs", [(INCOME, ANY_AGE), (GAPS,), (INCOME,)], ids=["inputs", "table", "input"])
@pytest.mark.parametrize(("value", "rows"), [([{}], 1), ([{}, {"income": 2}], 2), ([{"income": 2}, {}], 2), ({}, 1)])
def test_object_without_keys_is_row_of_missing_values(specs: tuple[TensorSpec, ...], value: Any, rows: int) -> None:
    arrays = [np.array(array).reshape(rows, -1) for array in decoded(value, *specs).values()]
    found = np.isnan(np.concatenate(arrays, axis=1))
    assert found.all(axis=1).tolist() == [not row for row in (value if isinstance(value, list) else [value])]


@pytest.mark.parametrize(
    ("value", "specs", "place"),
    [
        ([{}], (AGE, JOB), ("age", 0, "")),
        ([{}], (AGE,), ("age", 0, "")),
        ([{}], (CLIENT,), ("", 0, "age")),
        ([{"age": 1, "job": 2}, {"age": "x", "job": "a"}], (AGE, JOB), ("job", 0, "")),
        ([{"age": 1, "job": "a"}, {"age": "x"}], (AGE, JOB), ("job", 1, "")),
        ([{"age": 1, "job": "a"}, {"age": 2, "job": 3}, {"age": 2}], (AGE, JOB), ("job", 1, "")),
        ([{"age": 1, "job": "a"}, 5, {"age": 2}], (AGE, JOB), ("", 1, "")),
        ({"age": [1, 2, "x"], "job": ["a", 3, "b"]}, (AGE, JOB), ("job", 1, "")),
        ([[1, 2], [3, "a"], [4]], (CLIENT,), ("", 1, "income")),
    ],
)
def test_first_wrong_row_of_body_is_named(
    value: Any, specs: tuple[TensorSpec, ...], place: tuple[str, int, str]
) -> None:
    with pytest.raises(InvalidInput) as error:
        decoded(value, *specs)
    assert (error.value.input, error.value.row, error.value.column) == place


def test_inputs_with_different_numbers_of_rows_are_named_without_absent_ones() -> None:
    with pytest.raises(InvalidInput, match="'job' has 1, 'region' has 2"):
        decoded({"job": ["a"], "region": ["b", "c"]}, *PEOPLE)


def test_encode_model_with_card_shows_card() -> None:
    manifest = Manifest("litert", (Signature("s", (AGE,), (AGE,)),), {}, card={"owner": "me"})
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    assert orjson.loads(encode_model(ModelState("m", 1, (1,), manifest=manifest)).body)["card"] == {"owner": "me"}
    plain = manifest._replace(card={})
    assert b"card" not in plain.to_bytes()
    assert "card" not in orjson.loads(encode_model(ModelState("m", 1, (1,), manifest=plain)).body)
