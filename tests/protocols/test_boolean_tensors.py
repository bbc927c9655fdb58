"""Inputs of the kind boolean, sent as tensors."""

from __future__ import annotations

import base64
import io
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
from lightship.tensors import Array, Signature, TensorSpec
from tests.protocols.openinference_cases import decode, manifest

GARDEN = TensorSpec("garden", "float64", (None,), gaps.BOOLEAN)
COLUMN = TensorSpec("garden", "int32", (None, 1), gaps.BOOLEAN)
GAPPED = TensorSpec("garden", "float32", (None,), {**gaps.BOOLEAN, "missing": "nan"})
DATATYPES = {"float64": "FP64", "int32": "INT32", "float32": "FP32"}


def sent(spec: TensorSpec, array: Array, datatype: str, *, binary: bool) -> Any:
    """Return the input that a request with this array as a tensor has."""
    item: dict[str, Any] = {"name": spec.name, "datatype": datatype, "shape": list(array.shape)}
    if not binary:
        return decode({"inputs": [{**item, "data": array.tolist()}]}, manifest(spec)).inputs[spec.name]
    item["parameters"] = {"binary_data_size": array.nbytes}
    return decode({"inputs": [item]}, manifest(spec), array.tobytes()).inputs[spec.name]


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
@pytest.mark.parametrize("spec", [GARDEN, COLUMN, GAPPED], ids=str)
def test_infer_takes_booleans_and_numbers(spec: TensorSpec, binary: bool) -> None:
    numbers = np.array([1, 0], spec.numpy).reshape(2, *spec.row_shape)
    for array, datatype in ((numbers, DATATYPES[spec.dtype]), (numbers.astype(bool), "BOOL")):
        found = sent(spec, array, datatype, binary=binary)
        assert found.dtype == spec.numpy
        np.testing.assert_array_equal(found, numbers)


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
@pytest.mark.parametrize("spec", [GARDEN, COLUMN, GAPPED], ids=str)
def test_infer_with_other_number_names_input_and_row(spec: TensorSpec, binary: bool) -> None:
    numbers = np.array([1, 2], spec.numpy).reshape(2, *spec.row_shape)
    with pytest.raises(InvalidInput) as refused:
        sent(spec, numbers, DATATYPES[spec.dtype], binary=binary)
    assert (refused.value.input, refused.value.row) == ("garden", 1)


def test_infer_with_nan_needs_option_missing() -> None:
    gaps_of = np.array([1, np.nan])
    np.testing.assert_array_equal(sent(GAPPED, np.float32(gaps_of), "FP32", binary=True), gaps_of)
    with pytest.raises(InvalidInput) as refused:
        sent(GARDEN, gaps_of, "FP64", binary=True)
    assert refused.value.row == 1


def test_infer_with_other_datatype_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'garden'.*FP64 or BOOL.*'INT8'"):
        sent(GARDEN, np.int8([1]), "INT8", binary=False)
    with pytest.raises(InvalidInput, match="'garden'.*FP64, got 'BOOL'"):
        sent(TensorSpec("garden", "float64", (None,)), np.array([True]), "BOOL", binary=False)


def raw(array: Array) -> Call:
    return decode(array.tobytes(), manifest(GARDEN), inference_header_content_length="0")


def b64(array: Array) -> Call:
    body = {"input": {"b64": base64.b64encode(array.tobytes()).decode()}}
    return native.decode_predict(Request("POST", "/predict", body=orjson.dumps(body)), _model())


def npy(array: Array) -> Call:
    stream = io.BytesIO()
    np.save(stream, array)
    headers = {"content-type": "application/x-npy"}
    return mlflow.decode_invocation(Request("POST", "/invocations", headers=headers, body=stream.getvalue()), _model())


def _model() -> Manifest:
    return Manifest("litert", (Signature("s", (GARDEN,), (GARDEN,)),), {})


@pytest.mark.parametrize("send", [raw, b64, npy])
def test_tensors_of_other_protocols_hold_booleans(send: Any) -> None:
    np.testing.assert_array_equal(send(np.array([1.0, 0.0])).inputs["garden"], [1.0, 0.0])
    with pytest.raises(InvalidInput) as refused:
        send(np.array([1.0, 2.0]))
    assert (refused.value.input, refused.value.row) == ("garden", 1)


def test_npy_of_booleans_is_read() -> None:
    found = npy(np.array([True, False])).inputs["garden"]
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 0.0]
