"""Inputs that may be missing, absent from calls of every protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest

from lightship.bundle import Manifest
from lightship.calls import Call
from lightship.errors import InvalidInput
from lightship.inputs import gaps
from lightship.protocols import mlflow, native
from lightship.protocols.http import Request
from lightship.protocols.openinference.infer import decode_infer
from lightship.protocols.tfserving.examples import decode_regress
from lightship.protocols.tfserving.predict import decode_predict
from lightship.tensors import Signature, TensorSpec, validate
from tests.protocols.conftest import AskJson

AGE = TensorSpec("age", "float64", (None,))
INCOME = TensorSpec("income", "float64", (None,), gaps.NUMBERS)
CITY = TensorSpec("city", "string", (None,), gaps.STRING)
GARDEN = TensorSpec("garden", "float64", (None, 1), {**gaps.BOOLEAN, "missing": "nan"})
TABLE = TensorSpec("age_table", "float64", (None, 2), gaps.table(["age_table", "size"], ["age_table"]))
Y = (TensorSpec("y", "float32", (None,)),)

AGES = [30, 40]
ROWS = [{"age": age} for age in AGES]
V2 = {"name": "age", "datatype": "FP64", "shape": [2], "data": AGES}
Form = tuple[Callable[[Request, Manifest], Call], dict[str, Any]]
FORMS: dict[str, Form] = {
    "native rows": (native.decode_predict, {"input": ROWS}),
    "native columns": (native.decode_predict, {"input": {"age": AGES}}),
    "tfserving rows": (decode_predict, {"instances": ROWS}),
    "tfserving columns": (decode_predict, {"inputs": {"age": AGES}}),
    "tfserving examples": (decode_regress, {"examples": ROWS}),
    "openinference": (decode_infer, {"inputs": [V2]}),
    "mlflow records": (mlflow.decode_invocation, {"dataframe_records": ROWS}),
    "mlflow split": (mlflow.decode_invocation, {"dataframe_split": {"columns": ["age"], "data": [[30], [40]]}}),
    "mlflow inputs": (mlflow.decode_invocation, {"inputs": {"age": AGES}}),
}


def decoded(form: Form, *inputs: TensorSpec) -> dict[str, Any]:
    """Return the inputs of a call, checked as a model does."""
    decode, body = form
    call = decode(Request("POST", "/", body=orjson.dumps(body)), Manifest("litert", (Signature("s", inputs, Y),), {}))
    validate(call.inputs, inputs)
    return {name: array.tolist() for name, array in call.inputs.items()}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_absent_inputs_are_missing_in_each_row(form: Form) -> None:
    found = decoded(form, AGE, INCOME, CITY, GARDEN)
    expected = {"age": [30.0, 40.0], "income": [np.nan] * 2, "city": [b"", b""], "garden": [[np.nan], [np.nan]]}
    np.testing.assert_equal(found, expected)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("required", [TensorSpec("size", "float64", (None,)), TABLE], ids=["number", "table"])
def test_absent_required_input_is_refused(form: Form, required: TensorSpec) -> None:
    with pytest.raises(InvalidInput, match=r"size|age_table"):
        decoded(form, AGE, INCOME, required)


def test_rows_may_lack_different_inputs() -> None:
    rows = [{"age": 30, "income": 5}, {"age": 40, "city": "Bern", "garden": True}]
    expected = {"age": [30, 40], "income": [5, np.nan], "city": [b"", b"Bern"], "garden": [[np.nan], [1]]}
    for decode, body in ((native.decode_predict, {"input": rows}), (decode_predict, {"instances": rows})):
        np.testing.assert_equal(decoded((decode, body), AGE, INCOME, CITY, GARDEN), expected)


@pytest.mark.parametrize("form", [{"instances": [{}, {}]}, {"inputs": {}}], ids=str)
def test_call_without_any_input_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="income"):
        decoded((decode_predict, form), INCOME, CITY)


def test_absent_input_is_missing_for_model(ask_json: AskJson) -> None:
    """The model replaces a missing area by 1."""
    asked: dict[str, Any] = {
        "/models/homes/predict": {"input": {"garden": [True, False]}},
        "/v1/models/homes:predict": {"inputs": {"garden": [True, False]}},
        "/models/homes/invoke": {"inputs": {"garden": [True, False]}},
    }
    for path, body in asked.items():
        status, answer = ask_json("POST", path, orjson.dumps(body))
        assert (status, answer.get("predictions", answer.get("outputs"))) == (200, [11, 1])
    item = {"name": "garden", "datatype": "BOOL", "shape": [2], "data": [True, False]}
    status, answer = ask_json("POST", "/v2/models/homes/infer", orjson.dumps({"inputs": [item]}))
    assert (status, answer["outputs"][0]["data"]) == (200, [11, 1])


def test_input_of_fixed_shape_has_no_rows() -> None:
    bounds = TensorSpec("bounds", "float64", (3,))
    items = [V2, {"name": "bounds", "datatype": "FP64", "shape": [3], "data": [1, 2, 3]}]
    assert decoded((decode_infer, {"inputs": items}), bounds, AGE, CITY)["city"] == [b"", b""]
    columns = {"input": {"bounds": [1, 2, 3], "age": AGES}}
    assert decoded((native.decode_predict, columns), bounds, AGE, CITY)["city"] == [b"", b""]
