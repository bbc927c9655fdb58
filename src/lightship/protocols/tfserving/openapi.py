"""OpenAPI of TensorFlow Serving's protocol: rows and columns of each model."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.calls import ModelState
from lightship.errors import InvalidInput
from lightship.inputs import kind_of
from lightship.protocols.http import Route
from lightship.protocols.openapi import (
    ANY_OBJECT,
    TARGET,
    Operation,
    Paths,
    Protocol,
    Target,
    all_rows,
    by_name,
    exactly,
    json_body,
    nested,
    one_row,
    response,
    targets,
)
from lightship.protocols.tfserving.examples import classify_outputs, regress_outputs
from lightship.tensors import Signature, TensorSpec
from lightship.tensors.schemas import STRING, Schema, any_of, array

_READS = {
    "status": ("get_model_status", "Get the states of a model's versions"),
    "model": ("get_model_metadata", "Get the signatures of a model"),
}
# Methods whose bodies hold tensors, not examples.
_TENSORS = frozenset({"predict", "explain"})
_TFSERVING = Protocol("TensorFlow Serving", {"type": "object", "required": ["error"], "properties": {"error": STRING}})


def describe(route: Route, models: Sequence[ModelState]) -> Paths:
    """Return the OpenAPI paths of one route.

    POST routes have one path per model that supports the method and whose manifest is known.
    """
    if route.operation in _READS:
        name, summary = _READS[route.operation]
        operation = _operation(summary, name, parameters=["name"])
        return {route.path: {"get": operation}}
    method = route.path.rpartition(":")[2]
    supported = (target for target in targets(route, models) if _supports(method, target.signature))
    return {target.path: {"post": _post(method, target)} for target in supported}


def _post(method: str, target: Target) -> Operation:
    operation = _operation(f"{method.capitalize()} with {target.title}", f"{method}_{target.name}")
    schema = _predict(target.signature) if method in _TENSORS else _examples(target.signature)
    parameters = {"parameters": [TARGET]} if method == "explain" else {}
    return operation | parameters | {"requestBody": json_body(schema)}


def _operation(summary: str, name: str, parameters: Sequence[str] = ()) -> Operation:
    answer = response("The response", ANY_OBJECT)
    return _TFSERVING.operation(summary, f"tfserving_{name}", answer, parameters=parameters)


def _supports(method: str, signature: Signature) -> bool:
    features = all(kind_of(spec).named_feature and len(spec.row_shape) <= 1 for spec in signature.inputs)
    if method not in _TENSORS and not features:
        return False
    try:
        if method == "classify":
            classify_outputs(signature)
        if method == "regress":
            (name,) = regress_outputs(signature)
            spec = next(spec for spec in signature.outputs if spec.name == name)
            return spec.row_shape in ((), (1,)) and spec.numpy.kind == "f"
    except InvalidInput:
        return False
    return True


def _predict(signature: Signature) -> Schema:
    """Return the schema of rows or columns, by name or of the only input."""
    rows, columns = [array(by_name(signature, one_row))], [by_name(signature, all_rows) | {"minProperties": 1}]
    for spec in signature.inputs if len(signature.inputs) == 1 else ():
        rows.insert(0, array(one_row(spec)))
        columns.insert(0, all_rows(spec))
    return {"oneOf": [exactly({"instances": any_of(*rows)}), exactly({"inputs": any_of(*columns)})]}


def _examples(signature: Signature) -> Schema:
    return exactly({"examples": array(by_name(signature, _feature))})


def _feature(spec: TensorSpec) -> Schema:
    """Return the schema of a feature: values, or a single one."""
    return any_of(one_row(spec), nested(spec, (1,))) if not spec.row_shape else one_row(spec)
