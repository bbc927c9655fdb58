"""Inference in the Open Inference Protocol: decode requests and encode results.

NaN and infinities in outputs become ``null`` in JSON and are kept in binary data. In requests they are valid in binary
data only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from lightship.bundle import Manifest
from lightship.calls import Call, Prediction
from lightship.errors import InvalidInput
from lightship.inputs import completed, kind_of
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
from lightship.protocols.openinference.classes import top_classes
from lightship.tensors import MISSING, Array, Signature, TensorSpec, json_type
from lightship.tensors.specs import describe_shape, empty, limits, refused, unraveled

_BINARY = "binary_data_output"
_REQUESTED = "requested"

# The accepted JSON types and their name in messages, by numpy's kind of the dtype.
_ACCEPTED: Mapping[str, set[type]] = {"f": {float, int}, "i": {int}, "u": {int}, "b": {bool}, "O": {str}}
_NAMES = {"f": "numbers", "i": "integers", "u": "integers", "b": "true or false", "O": "strings"}


@dataclass(frozen=True)
class OutputForm:
    """The requested form of an output.

    ``binary``: as binary data; ``classes``: the number of top classes, 0 for the tensor itself.
    """

    binary: bool
    classes: int = 0


def decode_infer(request: Request, manifest: Manifest) -> Call:
    """Return the call in a request's body.

    Raises InvalidInput, or NotFound for a signature.
    """
    text, tail = split(request.body, request.headers)
    if not text and HEADER_LENGTH in request.headers:
        return Call(_raw(request.body, manifest.signature()), parameters={_BINARY: True})
    body = read_object(text)
    parameters = _object(body, "parameters")
    name = _typed_field(parameters, "signature_name", str)
    signature = manifest.signature(name)
    inputs = _inputs(body, signature, tail)
    binary = _typed_field(parameters, _BINARY, bool) or False
    requested = _outputs(body, signature, binary)
    return Call(
        inputs,
        signature=name,
        outputs=tuple(requested),
        id=_typed_field(body, "id", str),
        parameters={_BINARY: binary, _REQUESTED: requested},
    )


def encode_infer(prediction: Prediction) -> Response:
    """Return a result as JSON, followed by the outputs requested as binary data.

    Raises InvalidInput where an output cannot have the requested form.
    """
    result = prediction.result
    record: dict[str, Any] = {"model_name": prediction.model, "model_version": str(prediction.version)}
    if result.call.id is not None:
        record["id"] = result.call.id
    outputs: list[dict[str, Any]] = []
    tail: list[bytes] = []
    specs = {spec.name: spec for spec in result.signature.outputs}
    default_form = OutputForm(result.call.parameters.get(_BINARY, False))
    requested = result.call.parameters.get(_REQUESTED, {})
    for name, array in result.outputs.items():
        form = requested.get(name, default_form)
        sent = top_classes(array, specs[name], form.classes) if form.classes else array
        output: dict[str, Any] = {"name": name, "datatype": datatype(sent), "shape": list(sent.shape)}
        if form.binary:
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


def _raw(body: bytes, signature: Signature) -> dict[str, Array]:
    inputs = from_raw(body, signature)
    for spec in signature.inputs:
        kind_of(spec).check_tensor(inputs[spec.name], spec)
    return inputs


def _inputs(body: Mapping[str, Any], signature: Signature, tail: Tail) -> dict[str, Array]:
    specs = {spec.name: spec for spec in signature.inputs}
    inputs: dict[str, Array] = {}
    for item in _objects(body, "inputs"):
        name = _name(item, "inputs")
        if name not in specs:
            raise InvalidInput(f"there is no input '{name[:80]}': the inputs are {', '.join(specs)}")
        if name in inputs:
            raise InvalidInput(f"input '{name}' occurs twice")
        inputs[name] = _input(item, specs[name], tail)
    if not inputs:
        raise InvalidInput(f'"inputs" must be a list with {", ".join(specs)}')
    tail.end()
    return completed(inputs, signature.inputs)


def _input(item: Mapping[str, Any], spec: TensorSpec, tail: Tail) -> Array:
    """Return an input as an array; raises InvalidInput."""
    array = _sent(item, _with_datatype(item, spec), tail)
    kind_of(spec).check_tensor(array, spec)
    return array.astype(spec.numpy, copy=False)


def _with_datatype(item: Mapping[str, Any], spec: TensorSpec) -> TensorSpec:
    """Return the spec with the dtype of an input's datatype; raises InvalidInput."""
    accepted = {DATATYPES[dtype]: dtype for dtype in kind_of(spec).dtypes(spec)}
    datatype = str(item.get("datatype"))
    if datatype not in accepted:
        raise InvalidInput(f"input '{spec.name}' must have datatype {' or '.join(accepted)}, got {datatype[:40]!r}")
    return spec if accepted[datatype] == spec.dtype else replace(spec, dtype=accepted[datatype])


def _sent(item: Mapping[str, Any], spec: TensorSpec, tail: Tail) -> Array:
    shape = _shape(item.get("shape"), spec)
    parameters = _object(item, "parameters")
    _refuse_shared_memory(parameters, spec.name)
    size = _typed_field(parameters, "binary_data_size", int)
    if size is None:
        return _from_json(item.get("data"), spec, shape)
    if size < 0 or item.get("data") is not None:
        raise InvalidInput(f"input '{spec.name}' must have data, or a binary_data_size that is not negative")
    return from_bytes(tail.take(size, spec.name), spec, shape)


def _shape(value: Any, spec: TensorSpec) -> tuple[int, ...]:
    """Return the declared shape, checked against the spec's before any allocation.

    Raises InvalidInput.
    """
    if not isinstance(value, list) or not all(type(size) is int and size >= 0 for size in value):
        raise InvalidInput(f"input '{spec.name}' must have a shape: a list of integers that are not negative")
    if len(value) != len(spec.shape) or any(
        wanted not in (None, size) for size, wanted in zip(value, spec.shape, strict=True)
    ):
        raise InvalidInput(f"input '{spec.name}' must have shape {describe_shape(spec)}, got {str(value[:9])[:80]}")
    if 0 in value:
        raise empty(spec)
    return tuple(value)


def _from_json(data: Any, spec: TensorSpec, shape: tuple[int, ...]) -> Array:
    """Return flat or nested lists as an array.

    The types of all values are checked before numpy converts any. Raises InvalidInput.
    """
    if not isinstance(data, list):
        raise InvalidInput(f"input '{spec.name}' must have data: a list, got {json_type(data)}")
    flat = _flat(data, spec, shape)
    kind = spec.numpy.kind
    if not (types := set(map(type, flat))) <= _ACCEPTED[kind]:
        raise _first_wrong(flat, spec, shape)
    if types == {str}:
        flat = [item.encode() for item in flat]
    try:
        with np.errstate(over="ignore"):  # infinities are refused below
            array = np.array(flat, dtype=spec.numpy).reshape(shape)
    except OverflowError:
        raise _first_wrong(flat, spec, shape) from None
    if kind == "f" and not np.isfinite(array).all():
        raise _first_wrong(flat, spec, shape)
    return array


def _first_wrong(flat: list[Any], spec: TensorSpec, shape: tuple[int, ...]) -> InvalidInput:
    """Return the error of the first value of another type, or outside the range."""
    at, fault = next((at, fault) for at, item in enumerate(flat) if (fault := _fault(item, spec)))
    return refused(fault, spec, unraveled(at, shape))


def _fault(item: Any, spec: TensorSpec) -> str:
    kind = spec.numpy.kind
    if item is None:
        return MISSING
    if type(item) not in _ACCEPTED[kind]:
        return f"expected {_NAMES[kind]}, got {json_type(item)}"
    least, most = limits(spec.dtype) if kind in "fiu" else (item, item)
    return "" if least <= item <= most else f"a number outside the range of {DATATYPES[spec.dtype]}"


def _flat(data: list[Any], spec: TensorSpec, shape: tuple[int, ...]) -> list[Any]:
    """Return the values in row-major order.

    Raises InvalidInput where nested lists do not have the declared shape.
    """
    if not data or not isinstance(data[0], list):
        if len(data) != prod(shape):
            raise InvalidInput(f"input '{spec.name}' has {len(data)} values, not those of shape {str(shape)[:80]}")
        return data
    fits, level = shape[:1] == (len(data),), data
    for size in shape[1:]:  # each iteration flattens one level of lists
        fits = fits and set(map(type, level)) == {list} and set(map(len, level)) == {size}
        if not fits:
            break
        level = list(chain.from_iterable(level))
    if not fits:
        raise InvalidInput(f"input '{spec.name}' is not nested as its shape {str(shape)[:80]} declares")
    return level


def _outputs(body: Mapping[str, Any], signature: Signature, binary: bool) -> dict[str, OutputForm]:
    names = [spec.name for spec in signature.outputs]
    requested: dict[str, OutputForm] = {}
    for item in _objects(body, "outputs"):
        name = _name(item, "outputs")
        if name not in names:
            raise InvalidInput(f"there is no output '{name[:80]}': the outputs are {', '.join(names)}")
        if name in requested:
            raise InvalidInput(f"output '{name}' occurs twice")
        parameters = _object(item, "parameters")
        _refuse_shared_memory(parameters, name)
        is_binary = _typed_field(parameters, "binary_data", bool)
        classes = _typed_field(parameters, "classification", int) or 0
        if classes < 0:
            raise InvalidInput(f"output '{name}' requests {classes} classes: the number must not be negative")
        requested[name] = OutputForm(binary if is_binary is None else is_binary, classes)
    return requested


def _values(array: Array, name: str) -> Any:
    if array.dtype != np.object_:
        return np.ascontiguousarray(array).ravel()
    try:
        return [item.decode() for item in array.ravel().tolist()]
    except UnicodeDecodeError:
        raise InvalidInput(f"output '{name}' is not UTF-8: request it with the parameter binary_data") from None


def _refuse_shared_memory(parameters: Mapping[str, Any], name: str) -> None:
    if "shared_memory_region" in parameters:
        raise InvalidInput(f"'{name}' refers to shared memory, which this server does not support: send the data")


def _objects(body: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    value = body.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidInput(f'"{field}" must be a list of objects')
    return value


def _object(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    return _typed_field(body, field, dict) or {}


def _name(item: Mapping[str, Any], field: str) -> str:
    name: str | None = _typed_field(item, "name", str)
    if name is None:
        raise InvalidInput(f'each of "{field}" must have a name')
    return name


def _typed_field(record: Mapping[str, Any], field: str, wanted: type) -> Any:
    """Return a field's value, None where it is missing or null.

    Raises InvalidInput for any other type; a boolean is not an integer.
    """
    value = record.get(field)
    if value is not None and type(value) is not wanted:
        raise InvalidInput(f'"{field}" must be {json_type(wanted())}, got {json_type(value)}')
    return value
