"""TensorFlow Serving's REST protocol under ``/v1/models``.

Predict, classify, regress, status and metadata. KServe's V1 protocol has the same paths, and its fields are in the same
responses; explain is a method of KServe's alone.

Reference: api_rest.md, model_servers/http_rest_api_util.cc and http_rest_api_handler.cc of TensorFlow Serving. Requests
that its tests call malformed get status 400 here too, so this protocol owns all paths below ``/v1/``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lightship.calls import Health, ModelState, VersionState
from lightship.errors import InvalidInput, LightshipError, Unavailable
from lightship.protocols.http import Response, Route, WireProtocol
from lightship.protocols.json import write
from lightship.protocols.statuses import error_headers, status
from lightship.protocols.tfserving.examples import decode_classify, decode_regress, encode_classify, encode_regress
from lightship.protocols.tfserving.explain import decode_explain, encode_explain
from lightship.protocols.tfserving.predict import decode_predict, encode_predict
from lightship.tensors import Signature, TensorSpec

_STATES = {"available": "AVAILABLE", "failed": "END", "unloaded": "END", "withdrawn": "END"}
_DTYPES = {
    "bool": "DT_BOOL",
    "float16": "DT_HALF",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "string": "DT_STRING",
}


def encode_status(states: tuple[VersionState, ...]) -> Response:
    """Return each version's state in the format of GetModelStatusResponse.

    ``name``, and ``ready`` where one of these versions is ready, are the fields of KServe's V1.
    """
    record = {
        "model_version_status": [_version_status(state) for state in states],
        "name": states[0].name,
        "ready": any(state.state == "available" for state in states),
    }
    return Response(200, write(record))


def _version_status(state: VersionState) -> dict[str, Any]:
    code = "OK" if state.error is None else "UNKNOWN"
    return {
        "version": str(state.version),
        "state": _STATES[state.state],
        "status": {"error_code": code, "error_message": state.error or ""},
    }


def encode_alive(_: Health) -> Response:
    """Return the response to a liveness probe of KServe's V1."""
    return Response(200, b'{"status":"alive","docs":"/docs"}')


def encode_metadata(state: ModelState) -> Response:
    """Return the version's signatures in the format of GetModelMetadataResponse.

    Raises Unavailable where the manifest is not known, as of a version that failed to load.
    """
    if state.manifest is None:
        raise Unavailable(state.error or f"model '{state.name}' is not loaded")
    signatures = {signature.name: _signature_def(signature) for signature in state.manifest.signatures}
    record = {
        "model_spec": {"name": state.name, "signature_name": "", "version": str(state.version)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }
    return Response(200, write(record))


def _signature_def(signature: Signature) -> dict[str, Any]:
    return {
        "inputs": {spec.name: _tensor_info(spec) for spec in signature.inputs},
        "outputs": {spec.name: _tensor_info(spec) for spec in signature.outputs},
        "method_name": f"tensorflow/serving/{signature.method}",
        "defaults": {},
    }


def _tensor_info(spec: TensorSpec) -> dict[str, Any]:
    sizes = [{"size": str(-1 if size is None else size), "name": ""} for size in spec.shape]
    return {
        "dtype": _DTYPES.get(spec.dtype, f"DT_{spec.dtype.upper()}"),
        "tensor_shape": {"dim": sizes, "unknown_rank": False},
        "name": f"{spec.name}:0",
    }


def encode_error(error: LightshipError) -> Response:
    """Return ``{"error": "…"}`` with the code's status."""
    return Response(status(error, "tfserving"), write({"error": error.message}), error_headers(error))


def describe(route: Route, models: Sequence[ModelState]) -> dict[str, Any]:
    """Return the OpenAPI paths of a route.

    The module is imported on first use, because no prediction needs it.
    """
    from lightship.protocols.tfserving import openapi as tfserving_openapi

    return tfserving_openapi.describe(route, models)


# A model may be followed by a version or a label: one expression for the three paths.
_MODEL = "/v1/models/(?P<name>[^/:]+)"
_VERSION = "(?:/versions/(?P<version>[0-9]{1,18})|/labels/(?P<label>[^/:]+))?"


def _post(method: str, decode: Any, encode: Callable[[Any], Response], operation: str = "predict") -> Route:
    path = f"/v1/models/{{name}}:{method}"
    expression = f"{_MODEL}{_VERSION}:{method}"
    return Route("POST", path, operation, operation, encode, decode, describe, expression=expression)


def _get(path: str, operation: str, encode: Callable[[Any], Response], end: str = "") -> Route:
    return Route("GET", path, operation, "read", encode, describe=describe, expression=_MODEL + _VERSION + end)


def _refusal(method: str, path: str, expression: str, message: str) -> Route:
    """Return a route for paths that TensorFlow Serving refuses with 400.

    Its operation is ``live``, which uses no model.
    """

    def refuse(_: Health) -> Response:
        raise InvalidInput(message)

    return Route(method, path, "live", "read", refuse, expression=expression)


_LONG = _MODEL + "/versions/[0-9]{19,}"
_LONG_MESSAGE = "Failed to convert version: numbers of versions have at most 18 digits"
_GET = "Malformed request: GET takes /v1/models/<name>[/versions/<number>|/labels/<label>][/metadata]"
_POST = (
    "Malformed request: POST takes /v1/models/<name>[/versions/<number>|/labels/<label>]:predict|:classify|:regress|"
    ":explain"
)

PROTOCOL = WireProtocol(
    name="tfserving",
    routes=(
        _post("predict", decode_predict, encode_predict),
        _post("classify", decode_classify, encode_classify),
        _post("regress", decode_regress, encode_regress),
        _post("explain", decode_explain, encode_explain, operation="explain"),
        _get("/v1/models/{name}", "status", encode_status),
        _get("/v1/models/{name}/metadata", "model", encode_metadata, end="/metadata"),
        _refusal("GET", "/v1/models/{}", "/v1/models", "Missing model name in request."),
        _refusal("GET", "/v1/models/{}", f"{_LONG}(?:/metadata)?", _LONG_MESSAGE),
        _refusal("POST", "/v1/models/{}", f"{_LONG}:(?:predict|classify|regress|explain)", _LONG_MESSAGE),
        _refusal("GET", "/v1/{}", "/v1/.*", _GET),
        _refusal("POST", "/v1/{}", "/v1/.*", _POST),
    ),
    error=encode_error,
)
