"""Inference in the Open Inference Protocol: requests as calls, results as responses.

A NaN or an infinity in an output that is sent as JSON becomes ``null``; sent as binary data it stays what it is. In a
request they are legal as binary data only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from lightship.bundle import Manifest
from lightship.calls import Call, Prediction
from lightship.errors import InvalidInput
from lightship.protocols.http import Request, Response
from lightship.protocols.json import read_object, write
from lightship.protocols.openinference.binary import (
    DATATYPES,
    HEADER_LENGTH,
    Tail,
    datatype,
    from_bytes,
    from_raw,
    split,
    to_bytes,
)
from lightship.protocols.openinference.classes import classified
from lightship.tensors import Array, Signature, TensorSpec, check_finite, json_type
from lightship.tensors.specs import describe_row, describe_shape

_BINARY = "binary_data_output"
_REQUESTED = "requested"

# What JSON may hold for a dtype, by numpy's kind letter.
_ACCEPTED: Mapping[str, set[type]] = {"f": {float, int}, "i": {int}, "u": {int}, "b": {bool}, "O": {str}}
_NAMES = {"f": "numbers", "i": "integers", "u": "integers", "b": "true or false", "O": "strings"}


@dataclass(frozen=True)
class Requested:
    """How an output is to be sent: as binary data, and as its likeliest ``classes`` (0: as it is)."""

    binary: bool
    classes: int = 0


def decode_infer(request: Request, manifest: Manifest) -> Call:
    """A request's body as a call; raises InvalidInput, or NotFound for a signature."""
    text, tail = split(request.body, request.headers)
    if not text and HEADER_LENGTH in request.headers:
        return Call(from_raw(request.body, manifest.signature()), parameters={_BINARY: True})
    body = read_object(text)
    parameters = _object(body, "parameters")
    name = _typed(parameters, "signature_name", str)
    signature = manifest.signature(name)
    inputs = _inputs(body, signature, tail)
    binary = _typed(parameters, _BINARY, bool) or False
    requested = _outputs(body, signature, binary)
    return Call(
        inputs,
        signature=name,
        outputs=tuple(requested),
        id=_typed(body, "id", str),
        parameters={_BINARY: binary, _REQUESTED: requested},
    )


def encode_infer(prediction: Prediction) -> Response:
    """A result as JSON, followed by the outputs that were asked for as binary data."""
    result = prediction.result
    record: dict[str, Any] = {"model_name": prediction.model, "model_version": str(prediction.version)}
    if result.call.id is not None:
        record["id"] = result.call.id
    outputs: list[dict[str, Any]] = []
    tail: list[bytes] = []
    specs = {spec.name: spec for spec in result.signature.outputs}
    otherwise = Requested(result.call.parameters.get(_BINARY, False))
    requested = result.call.parameters.get(_REQUESTED, {})
    for name, array in result.outputs.items():
        wanted = requested.get(name, otherwise)
        sent = classified(array, specs[name], wanted.classes) if wanted.classes else array
        output: dict[str, Any] = {"name": name, "datatype": datatype(sent), "shape": list(sent.shape)}
        if wanted.binary:
            tail.append(to_bytes(sent))
            output["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            output["data"] = _values(sent, name)
        outputs.append(output)
    record["outputs"] = outputs
    text = write(record)
    if not tail:
        return Response(200, text)
    headers = {"content-type": "application/octet-stream", HEADER_LENGTH: str(len(text))}
    return Response(200, b"".join([text, *tail]), headers)


def _inputs(body: Mapping[str, Any], signature: Signature, tail: Tail) -> dict[str, Array]:
    specs = {spec.name: spec for spec in signature.inputs}
    inputs: dict[str, Array] = {}
    for item in _objects(body, "inputs"):
        name = _name(item, "inputs")
        if name not in specs:
            raise InvalidInput(f"there is no input '{name[:80]}': the inputs are {', '.join(specs)}")
        if name in inputs:
            raise InvalidInput(f"input '{name}' is there twice")
        inputs[name] = _input(item, specs[name], tail)
    if not inputs:
        raise InvalidInput(f'"inputs" must be a list with {", ".join(specs)}')
    tail.end()
    return inputs


def _input(item: Mapping[str, Any], spec: TensorSpec, tail: Tail) -> Array:
    wanted = DATATYPES[spec.dtype]
    if item.get("datatype") != wanted:
        raise InvalidInput(f"input '{spec.name}' must have datatype {wanted}, got {str(item.get('datatype'))[:40]!r}")
    shape = _shape(item.get("shape"), spec)
    parameters = _object(item, "parameters")
    _refuse_shared_memory(parameters, spec.name)
    size = _typed(parameters, "binary_data_size", int)
    if size is None:
        return _from_json(item.get("data"), spec, shape)
    if size < 0 or item.get("data") is not None:
        raise InvalidInput(f"input '{spec.name}' must have data, or a binary_data_size that is not negative")
    return from_bytes(tail.take(size, spec.name), spec, shape)


def _shape(value: Any, spec: TensorSpec) -> tuple[int, ...]:
    """A declared shape, checked against the spec's before anything is made of it."""
    if not isinstance(value, list) or not all(type(size) is int and size >= 0 for size in value):
        raise InvalidInput(f"input '{spec.name}' must have a shape: a list of integers that are not negative")
    if len(value) != len(spec.shape) or any(
        wanted not in (None, size) for size, wanted in zip(value, spec.shape, strict=True)
    ):
        raise InvalidInput(f"input '{spec.name}' must have shape {describe_shape(spec)}, got {str(value[:9])[:80]}")
    if 0 in value:
        raise InvalidInput(f"input '{spec.name}' is empty: send at least one row of shape {describe_row(spec)}")
    return tuple(value)


def _from_json(data: Any, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
    """Flat or nested lists as an array. The types of all values are looked at first: what is not meant is not made."""
    if not isinstance(data, list):
        raise InvalidInput(f"input '{spec.name}' must have data: a list, got {json_type(data)}")
    flat = _flat(data, spec, shape)
    kind = spec.numpy.kind
    if not (types := set(map(type, flat))) <= _ACCEPTED[kind]:
        culprit = next(item for item in flat if type(item) not in _ACCEPTED[kind])
        raise InvalidInput(f"input '{spec.name}' must hold {_NAMES[kind]}, got {json_type(culprit)}")
    if types == {str}:
        flat = [item.encode() for item in flat]
    try:
        with np.errstate(over="ignore"):  # an infinity is refused next
            array = np.array(flat, dtype=spec.numpy).reshape(shape)
    except OverflowError:
        raise InvalidInput(f"input '{spec.name}' holds a number outside the range of {DATATYPES[spec.dtype]}") from None
    check_finite(array, spec)
    return array


def _flat(data: list[Any], spec: TensorSpec, shape: tuple[int, ...]) -> list[Any]:
    """The values in row-major order; nested lists must have the declared shape."""
    if not data or not isinstance(data[0], list):
        if len(data) != prod(shape):
            raise InvalidInput(f"input '{spec.name}' has {len(data)} values, not those of shape {str(shape)[:80]}")
        return data
    fits, level = shape[:1] == (len(data),), data
    for size in shape[1:]:  # each turn opens one level of lists
        fits = fits and set(map(type, level)) == {list} and set(map(len, level)) == {size}
        if not fits:
            break
        level = list(chain.from_iterable(level))
    if not fits:
        raise InvalidInput(f"input '{spec.name}' is nested otherwise than its shape {str(shape)[:80]} says")
    return level


def _outputs(body: Mapping[str, Any], signature: Signature, binary: bool) -> dict[str, Requested]:
    known = [spec.name for spec in signature.outputs]
    requested: dict[str, Requested] = {}
    for item in _objects(body, "outputs"):
        name = _name(item, "outputs")
        if name not in known:
            raise InvalidInput(f"there is no output '{name[:80]}': the outputs are {', '.join(known)}")
        if name in requested:
            raise InvalidInput(f"output '{name}' is there twice")
        parameters = _object(item, "parameters")
        _refuse_shared_memory(parameters, name)
        asked = _typed(parameters, "binary_data", bool)
        classes = _typed(parameters, "classification", int) or 0
        if classes < 0:
            raise InvalidInput(f"output '{name}' asks for {classes} classes")
        requested[name] = Requested(binary if asked is None else asked, classes)
    return requested


def _values(array: Array, name: str) -> Any:
    if array.dtype != np.object_:
        return np.ascontiguousarray(array).ravel()
    try:
        return [item.decode() for item in array.ravel().tolist()]
    except UnicodeDecodeError:
        raise InvalidInput(f"output '{name}' is not UTF-8: ask for it with the parameter binary_data") from None


def _refuse_shared_memory(parameters: Mapping[str, Any], name: str) -> None:
    if "shared_memory_region" in parameters:
        raise InvalidInput(f"'{name}' is said to be in shared memory, which this server does not have: send the data")


def _objects(body: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    value = body.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidInput(f'"{field}" must be a list of objects')
    return value


def _object(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    return _typed(body, field, dict) or {}


def _name(item: Mapping[str, Any], field: str) -> str:
    name: str | None = _typed(item, "name", str)
    if name is None:
        raise InvalidInput(f'each of "{field}" must have a name')
    return name


def _typed(record: Mapping[str, Any], field: str, wanted: type) -> Any:
    """A field's value, None where it is missing or null; raises InvalidInput on any other type (true is no integer)."""
    value = record.get(field)
    if value is not None and type(value) is not wanted:
        raise InvalidInput(f'"{field}" must be {json_type(wanted())}, got {json_type(value)}')
    return value
