"""Requests and results for the pure functions of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from lightship.bundle import Manifest
from lightship.calls import Call, Prediction, Result
from lightship.protocols.http import Request, Response
from lightship.protocols.openinference.infer import decode_infer, encode_infer
from lightship.tensors import DTYPES, Array, Signature, TensorSpec

LENGTH = "inference-header-content-length"
ROW = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}
PAIR = {
    "id": "42",
    "inputs": [
        {"name": "b", "datatype": "FP32", "shape": [1, 1], "data": [10]},
        {"name": "a", "datatype": "FP32", "shape": [1, 2], "data": [[1, 2]]},
    ],
}


def manifest(*inputs: TensorSpec, outputs: tuple[TensorSpec, ...] = ()) -> Manifest:
    return Manifest("litert", (Signature("serving_default", inputs, outputs or inputs),), {})


def decode(body: Any, model: Manifest, tail: bytes = b"", **headers: str) -> Call:
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    length = {LENGTH: str(len(text))} if tail else {}
    return decode_infer(Request("POST", "/v2/models/m/infer", headers=length | named, body=text + tail), model)


def encode(array: Array, spec: TensorSpec, call: Call | None = None) -> Response:
    signature = Signature("serving_default", (), (spec,))
    return encode_infer(Prediction("m", 3, Result(call or Call({}), signature, {spec.name: array})))


VALUES: dict[str, list[Any]] = {
    "bool": [True, False, False, True],
    "float16": [1.5, -2.0, 0.0, 65504.0],
    "float32": [1.5, -2, 0.1, 3e38],
    "float64": [1.5, -2, 0.1, 1e308],
    "string": ["ahoy", "", "é", "\0"],
    **{name: [0, 1, int(np.iinfo(name).min), int(np.iinfo(name).max)] for name in DTYPES if "int" in name},
}


def array_of(dtype: str) -> Array:
    values = [value.encode() for value in VALUES[dtype]] if dtype == "string" else VALUES[dtype]
    return np.array(values, DTYPES[dtype]).reshape(2, 2)


def sized(size: Any, **fields: Any) -> dict[str, Any]:
    item = {**ROW, "parameters": {"binary_data_size": size}, **fields}
    del item["data"]
    return item
