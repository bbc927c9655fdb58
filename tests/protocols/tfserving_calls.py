"""Requests and results for the pure functions of TensorFlow Serving's protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightship.bundle import Manifest
from lightship.calls import Call, Prediction, Result
from lightship.protocols.http import Request
from lightship.tensors import Array, Signature, TensorSpec

HALF = "/v1/models/half_plus_two"
Decode = Callable[[Request, Manifest], Call]


def manifest(*signatures: Signature) -> Manifest:
    return Manifest("litert", signatures, {})


def post(body: bytes) -> Request:
    return Request("POST", "/v1/models/any:predict", body=body)


def prediction(outputs: dict[str, Array], specs: tuple[TensorSpec, ...] = (), **parameters: Any) -> Prediction:
    result = Result(Call({}, parameters=parameters), Signature("serving_default", (), specs), outputs)
    return Prediction("any", 1, result)
