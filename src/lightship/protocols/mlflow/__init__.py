"""The scoring protocol of MLflow and SageMaker: ``/invocations`` and ``/ping``.

Both use the default model. SageMaker's multi-model containers have ``/models/{name}/invoke``; SageMaker's clients, with
this server as endpoint URL, send ``/endpoints/{name}/invocations``, where the endpoint's name is the model's.

Reference: ``mlflow.pyfunc.scoring_server`` of MLflow 3. As there, unknown fields and ``params`` (bundles have no params
schema) are ignored, NaN and Infinity are legal tokens in requests, and a NaN output is the token ``NaN``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from lightship.bundle import Manifest
from lightship.calls import Call, Health, ModelState, Prediction
from lightship.errors import InvalidInput, LightshipError, UnsupportedMedia
from lightship.inputs import decode_body
from lightship.inputs.frames import from_rows
from lightship.protocols.http import Request, Response, Route, WireProtocol
from lightship.protocols.json import nan_as_token, not_json, without_mark, write
from lightship.protocols.mlflow.frames import from_object
from lightship.protocols.mlflow.sagemaker import ATTRIBUTES, accepts, attributes_of, check_single, selection_of
from lightship.protocols.statuses import error_headers, status
from lightship.tensors import Array, Signature
from lightship.version import __version__

_TEXT = {"content-type": "text/plain"}

_NPY = "application/x-npy"
_ATTRIBUTES = "custom_attributes"

# SageMaker's media types for one JSON value per line.
_LINES = frozenset({"application/jsonlines", "application/x-jsonlines", "application/x-ndjson"})

# MLflow's names for error codes, from the public list in its databricks.proto; all others are INTERNAL_ERROR.
_CODES = {
    "invalid_input": "BAD_REQUEST",
    "unauthenticated": "UNAUTHENTICATED",
    "forbidden": "PERMISSION_DENIED",
    "registry_read_only": "PERMISSION_DENIED",
    "conflict": "BAD_REQUEST",
    "not_found": "RESOURCE_DOES_NOT_EXIST",
    "method_not_allowed": "BAD_REQUEST",
    "body_timeout": "BAD_REQUEST",
    "too_large": "MAX_READ_SIZE_EXCEEDED",
    "url_too_long": "BAD_REQUEST",
    "range_not_satisfiable": "BAD_REQUEST",
    "headers_too_large": "BAD_REQUEST",
    "unsupported_media": "BAD_REQUEST",
    "engine_failed": "BAD_REQUEST",
    "unavailable": "TEMPORARILY_UNAVAILABLE",
    "overloaded": "TEMPORARILY_UNAVAILABLE",
    "bundle_invalid": "TEMPORARILY_UNAVAILABLE",
    "registry_failed": "TEMPORARILY_UNAVAILABLE",
}


def decode_invocation(request: Request, manifest: Manifest) -> Call:
    """Return the call in a request's body.

    Raises InvalidInput, UnsupportedMedia, or NotFound for a signature.
    """
    attributes = attributes_of(request)
    name, outputs = selection_of(attributes) if attributes else (None, ())
    signature = manifest.signature(name)
    parameters: dict[str, Any] = {_ATTRIBUTES: attributes} if attributes else {}
    if accepts(request, _NPY):
        check_single(signature, outputs)
        parameters[_NPY] = True
    return Call(_inputs(request, signature), signature=name, outputs=outputs, parameters=parameters)


def _inputs(request: Request, signature: Signature) -> dict[str, Array]:
    media_type = request.media_type
    if media_type in ("", "application/json"):
        return from_object(_loads(without_mark(request.body)), signature)
    if media_type in _LINES:
        lines = [_loads(line) for line in without_mark(request.body).splitlines() if line.strip()]
        return from_rows(lines, signature, "the body")
    if media_type == _NPY:
        return _from_npy(request.body, signature)
    try:
        return decode_body(request.body, media_type, signature, request.media_parameters)
    except UnsupportedMedia as error:
        raise UnsupportedMedia(f"{error.message}, application/jsonlines, {_NPY}") from None


def _from_npy(body: bytes, signature: Signature) -> dict[str, Array]:
    if len(signature.inputs) != 1:
        names = ", ".join(spec.name for spec in signature.inputs)
        raise UnsupportedMedia(f"{_NPY} holds one array, but the model has the inputs {names}: send JSON")
    from lightship.protocols.mlflow import npy  # JSON requests do not need it

    (spec,) = signature.inputs
    return {spec.name: npy.read(body, spec)}


def _loads(text: bytes) -> Any:
    """Return a JSON value.

    orjson refuses NaN and Infinity, so a text that contains them is parsed again by the standard library.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if b"NaN" in text or b"Infinity" in text:
            return _loads_with_tokens(text)
        raise not_json(text, error) from None


def _loads_with_tokens(text: bytes) -> Any:
    import json  # few requests have such a token

    try:
        value = json.loads(text)
        orjson.dumps(value)  # refuses what orjson refuses to read: lone surrogates, very long integers
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(f"the body is not JSON: {str(error)[:120]}") from None
    return value


def encode_invocation(prediction: Prediction) -> Response:
    """Return ``{"predictions": …}``, or a .npy file where that was requested.

    The value is the only output's nested list, or an object by output name.
    """
    parameters = prediction.result.call.parameters
    response = _npy(prediction) if _NPY in parameters else _predictions(prediction)
    if _ATTRIBUTES in parameters:
        response.headers[ATTRIBUTES] = parameters[_ATTRIBUTES]
    return response


def _npy(prediction: Prediction) -> Response:
    from lightship.protocols.mlflow import npy

    (array,) = prediction.result.outputs.values()
    return Response(200, npy.write(array), {"content-type": _NPY})


def _predictions(prediction: Prediction) -> Response:
    values = {name: nan_as_token(array) for name, array in prediction.result.outputs.items()}
    return Response(200, write({"predictions": values if len(values) > 1 else next(iter(values.values()))}))


def encode_ping(health: Health) -> Response:
    """Return an empty line like MLflow: 200 if the default model is ready, else 503."""
    return Response(200 if health.ready else 503, b"\n", dict(_TEXT))


def encode_version(_: Health) -> Response:
    """Return Lightship's version as plain text, as MLflow returns its own."""
    return Response(200, __version__.encode(), dict(_TEXT))


def encode_error(error: LightshipError) -> Response:
    """Return ``{"error_code", "message"}`` with the code's status."""
    body = write({"error_code": _CODES.get(error.code, "INTERNAL_ERROR"), "message": error.message})
    return Response(status(error, "mlflow"), body, error_headers(error))


def describe(route: Route, models: Sequence[ModelState]) -> dict[str, Any]:
    """Return the OpenAPI paths of a route.

    The module is imported on first use, because no prediction needs it.
    """
    from lightship.protocols.mlflow import openapi as mlflow_openapi

    return mlflow_openapi.describe(route, models)


def _predict(path: str) -> Route:
    return Route("POST", path, "predict", "predict", encode_invocation, decode_invocation, describe)


PROTOCOL = WireProtocol(
    name="mlflow",
    routes=(
        _predict("/invocations"),
        _predict("/models/{name}/invoke"),
        _predict("/endpoints/{name}/invocations"),
        Route("GET", "/ping", "default_ready", "open", encode_ping, describe=describe),
        Route("GET", "/version", "live", "read", encode_version, describe=describe),
    ),
    error=encode_error,
)
