"""``:predict`` of TensorFlow Serving: rows (``instances``), columns (``inputs``).

Reference: api_rest.md and util/json_tensor.cc of TensorFlow Serving.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.bundle import DEFAULT_SIGNATURE, Manifest
from lightship.calls import Call, Prediction
from lightship.errors import InvalidInput, NotFound
from lightship.inputs import completed, kind_of
from lightship.protocols.http import Request, Response
from lightship.protocols.json import nan_as_token, rows, write
from lightship.protocols.tfserving.json import read_object, shown
from lightship.protocols.tfserving.tensors import column, is_base64, stack
from lightship.tensors import Array, Signature, TensorSpec


def decode_predict(request: Request, manifest: Manifest) -> Call:
    """Return the call in a request's body.

    Its parameters are ``format`` (rows or columns), the format of the response too, and ``flat``: whether single
    numbers were sent for an input of shape [batch, 1]. TensorFlow Serving does not check shapes, so the models of its
    documentation accept that and return numbers. Raises InvalidInput.
    """
    body = read_object(request.body)
    signature = signature_of(body, manifest)
    if "instances" in body and "inputs" in body:
        raise InvalidInput(
            f"JSON Value: {shown(body)} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to "
            "exist "
        )
    if not signature.inputs:
        raise InvalidInput(f"Failed to get input map for signature: {signature.name}")
    if "instances" in body:
        tensors, form = _from_rows(_instances(body), signature.inputs), "rows"
    elif "inputs" in body:
        tensors, form = _from_columns(body["inputs"], signature.inputs), "columns"
    else:
        raise InvalidInput("Missing 'inputs' or 'instances' key")
    inputs = {spec.name: _as_column(tensors[spec.name], spec) for spec in signature.inputs}
    for spec in signature.inputs:
        kind_of(spec).check_tensor(inputs[spec.name], spec)
    flat = any(inputs[name] is not tensors[name] for name in inputs)
    return Call(inputs, signature=signature.name, parameters={"format": form, "flat": flat})


def signature_of(body: dict[str, Any], manifest: Manifest) -> Signature:
    """Return the signature that a body names, or the default one; raises InvalidInput."""
    name = body.get("signature_name", "")
    if not isinstance(name, str):
        raise InvalidInput(
            f"JSON Value: {shown(body)} not formatted correctly. 'signature_name' key must be a string value."
        )
    try:
        return manifest.signature(name or None)
    except NotFound:
        if name == DEFAULT_SIGNATURE:  # TensorFlow Serving's name of the default signature of any model
            return manifest.signature()
        raise InvalidInput(f'Serving signature name: "{name[:80]}" not found in signature def') from None


def _instances(body: dict[str, Any]) -> list[Any]:
    instances = body["instances"]
    if not isinstance(instances, list):
        raise InvalidInput(f"JSON Value: {shown(body)} Expecting 'instances' to be an list/array")
    if not instances:
        raise InvalidInput(f"JSON Value: {shown(body)} No values in 'instances' array")
    return instances


def _from_rows(instances: list[Any], specs: tuple[TensorSpec, ...]) -> dict[str, Array]:
    if not isinstance(instances[0], dict) and len(specs) > 1:
        raise InvalidInput(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
            "tensorinfo_map"
        )
    only = specs[0]
    if not _named(instances[0]):
        if (odd := next((index for index, item in enumerate(instances) if _named(item)), None)) is not None:
            raise InvalidInput(f"Expecting value/list but got object at item {odd} of input list")
        if len(specs) == 1:
            return {only.name: stack(instances, only)}
    elif (odd := next((index for index, item in enumerate(instances) if not _named(item)), None)) is not None:
        raise InvalidInput(f"Expecting object but got list at item {odd} of input list")
    if len(specs) == 1 and kind_of(only).named_columns and only.name not in instances[0]:
        return {only.name: stack(instances, only)}  # named columns of a table
    _check_keys(instances, specs)
    return {spec.name: stack([item.get(spec.name) for item in instances], spec, key=spec.name) for spec in specs}


def _check_keys(instances: list[dict[str, Any]], specs: tuple[TensorSpec, ...]) -> None:
    """Check the names of each row's inputs.

    A row may lack inputs that may be missing, but some row must have an input.
    """
    names = {spec.name for spec in specs}
    required = {spec.name for spec in specs if not kind_of(spec).may_be_absent(spec)}
    for index, item in enumerate(instances):
        if required <= item.keys() <= names and any(instances):
            continue
        fault = f" of 'instances' list. JSON object: {shown(item)} keys must be equal to: {','.join(sorted(names))}"
        if unknown := next((name[:80] for name in item if name not in names), None):
            detail = f"JSON object: does not have named input: {unknown}"
            fault = f" key: {unknown} of 'instances' list. Error: INVALID_ARGUMENT: {detail}"
        raise InvalidInput(f"Failed to process element: {index}{fault}")


def _from_columns(value: Any, specs: tuple[TensorSpec, ...]) -> dict[str, Array]:
    only = specs[0]
    if not _named(value):
        if len(specs) > 1:
            raise InvalidInput(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
                "tensorinfo_map"
            )
        return {only.name: column(value, only)}
    if len(specs) == 1 and kind_of(only).named_columns and only.name not in value:
        return {only.name: column(value, only)}
    present = [spec for spec in specs if spec.name in value]
    for spec in specs:
        if spec not in present and not (present and kind_of(spec).may_be_absent(spec)):
            raise InvalidInput(f"Missing named input: {spec.name} in 'inputs' object.")
    return completed({spec.name: column(value[spec.name], spec) for spec in present}, specs)


def _named(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _as_column(array: Array, spec: TensorSpec) -> Array:
    return array[:, np.newaxis] if spec.batched and spec.row_shape == (1,) and array.ndim == 1 else array


def encode_predict(prediction: Prediction) -> Response:
    """Return the response with :func:`predicted`; raises InvalidInput."""
    return Response(200, write(predicted(prediction)))


def predicted(prediction: Prediction) -> dict[str, Any]:
    """Return ``{"predictions": …}`` for rows, ``{"outputs": …}`` for columns.

    Raises InvalidInput where outputs have different numbers of rows.
    """
    result = prediction.result
    outputs = dict(result.outputs)
    if not outputs:
        raise InvalidInput("Cannot convert empty tensor map to JSON")
    if result.call.parameters.get("flat"):
        outputs = {name: _as_numbers(array) for name, array in outputs.items()}
    if result.call.parameters.get("format") == "columns":
        return {"outputs": _columns(outputs)}
    return {"predictions": _rows(outputs)}


def _as_numbers(array: Array) -> Array:
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _columns(outputs: dict[str, Array]) -> Any:
    values = {name: nan_as_token(array, binary=_is_binary(name)) for name, array in outputs.items()}
    return values if len(values) > 1 else next(iter(values.values()))


def _rows(outputs: dict[str, Array]) -> Any:
    sizes: list[int] = []
    for name, array in outputs.items():
        if array.ndim == 0:
            raise InvalidInput(f"Tensor name: {name} has no shape information ")
        if sizes and len(array) != sizes[0]:
            raise InvalidInput(f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {sizes[0]}")
        sizes.append(len(array))
    if len(outputs) == 1:
        return _columns(outputs)
    columns = [rows(array, binary=_is_binary(name)) for name, array in outputs.items()]
    return [dict(zip(outputs, row, strict=True)) for row in zip(*columns, strict=True)]


def _is_binary(name: str) -> bool:
    """Return whether an output's strings are base64-encoded, which its name decides."""
    return name.endswith("_bytes")
