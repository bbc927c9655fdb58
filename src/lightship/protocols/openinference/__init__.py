"""The Open Inference Protocol V2 of KServe and Triton over HTTP.

Routes, health, metadata and model repository, with Triton's extensions for binary tensors, classification, model
configuration, model repository and statistics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lightship.calls import Health, ModelState, Statistics, VersionState
from lightship.errors import InvalidInput, LightshipError, Unavailable
from lightship.protocols.http import NO_TRANSFORM, Request, Response, Route, WireProtocol
from lightship.protocols.json import read_object, write
from lightship.protocols.openinference.binary import DATATYPES
from lightship.protocols.openinference.infer import decode_infer, encode_infer
from lightship.protocols.statuses import error_headers, status
from lightship.tensors import Signature, TensorSpec
from lightship.version import __version__

EXTENSIONS = ("binary_tensor_data", "classification", "model_configuration", "model_repository", "statistics")

# "<project>_<format>", the protocol's form of platform names, by engine.
_PLATFORMS = {"litert": "litert_tflite", "tensorflow": "tensorflow_savedmodel"}


def encode_server(_: Health) -> Response:
    """Return the server's name, version and extensions."""
    return _json({"name": "lightship", "version": __version__, "extensions": EXTENSIONS})


def encode_live(_: Health) -> Response:
    """Return the response to a liveness probe."""
    return Response(200, b'{"live":true}')


def encode_ready(health: Health) -> Response:
    """Return whether any model is ready; 503 if not."""
    return Response(200 if health.ready else 503, write({"ready": health.ready}))


def encode_model_ready(state: ModelState) -> Response:
    """Return whether a version is ready; 503 with the reason if not."""
    record = {"name": state.name, "ready": state.ready}
    if state.ready:
        return Response(200, write(record))
    return Response(503, write({**record, "error": state.error}))


def encode_model(state: ModelState) -> Response:
    """Return the metadata of a model: its versions and default signature."""
    engine, signature = _engine_and_signature(state)
    record = {
        "name": state.name,
        "versions": [str(version) for version in state.versions],
        "platform": _PLATFORMS.get(engine, engine),
        "inputs": [_tensor(spec) for spec in signature.inputs],
        "outputs": [_tensor(spec) for spec in signature.outputs],
    }
    return _json(record)


def encode_config(state: ModelState) -> Response:
    """Return the configuration in Triton's format.

    max_batch_size is 0, because the batch is a dimension like any other here.
    """
    engine, signature = _engine_and_signature(state)
    record = {
        "name": state.name,
        "platform": _PLATFORMS.get(engine, engine),
        "backend": engine,
        "version_policy": {"all": {}},
        "max_batch_size": 0,
        "input": [_config_tensor(spec) for spec in signature.inputs],
        "output": [_config_tensor(spec) for spec in signature.outputs],
    }
    return _json(record)


def encode_statistics(statistics: tuple[Statistics, ...]) -> Response:
    """Return counts and durations of the loaded versions.

    Phases that are not measured separately (queue, copies) stay zero.
    """
    return _json({"model_stats": [_statistics(entry) for entry in statistics]})


def encode_index(outcome: tuple[tuple[VersionState, ...], Request]) -> Response:
    """Return every version of every model, or only those that are ready.

    A version is ready if it is loaded, or will be loaded on first use.
    """
    states, request = outcome
    only_ready = _body(request).get("ready", False)
    if not isinstance(only_ready, bool):
        raise InvalidInput('"ready" must be true or false')
    rows = [_index_row(state) for state in states]
    return _json([row for row in rows if row["state"] == "READY" or not only_ready])


def encode_loaded(_: ModelState) -> Response:
    """Return the response to a load request."""
    return Response(200, b"{}")


def check_load(request: Request) -> None:
    """Raise InvalidInput where a load request has parameters, such as a configuration."""
    if _body(request).get("parameters"):
        raise InvalidInput("parameters are not supported: a bundle's files and configuration are fixed")


def encode_unloaded(_: None) -> Response:
    """Return the response to an unload request."""
    return Response(200, b"{}")


def encode_error(error: LightshipError) -> Response:
    """Return ``{"error": text}`` with the code's status."""
    headers = {**error_headers(error), "cache-control": NO_TRANSFORM}
    return Response(status(error, "openinference"), write({"error": error.message}), headers)


def _json(value: Any) -> Response:
    """Return JSON that must not be compressed.

    tritonclient's asynchronous client decompresses the responses of inference requests only.
    """
    return Response(200, write(value), {"content-type": "application/json", "cache-control": NO_TRANSFORM})


def describe(route: Route, models: Sequence[ModelState]) -> dict[str, Any]:
    """Return the OpenAPI paths of a route.

    The module is imported on first use, because no prediction needs it.
    """
    from lightship.protocols.openinference import openapi as openinference_openapi

    return openinference_openapi.describe(route, models)


def _engine_and_signature(state: ModelState) -> tuple[str, Signature]:
    if state.manifest is None:
        raise Unavailable(f"model '{state.name}' cannot be served: {state.error}")
    return state.manifest.engine, state.manifest.signature()


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": DATATYPES[spec.dtype], "shape": _dimensions(spec)}


def _config_tensor(spec: TensorSpec) -> dict[str, Any]:
    name = DATATYPES[spec.dtype]
    return {"name": spec.name, "data_type": f"TYPE_{_CONFIG_NAMES.get(name, name)}", "dims": _dimensions(spec)}


# Triton's configuration names BYTES strings; all other names are the protocol's.
_CONFIG_NAMES = {"BYTES": "STRING"}


def _dimensions(spec: TensorSpec) -> list[int]:
    return [-1 if size is None else size for size in spec.shape]


def _statistics(entry: Statistics) -> dict[str, Any]:
    success = {"count": entry.calls, "ns": entry.nanoseconds + entry.hit_nanoseconds}
    nothing = {"count": 0, "ns": 0}
    return {
        "name": entry.name,
        "version": str(entry.version),
        "last_inference": int(entry.last * 1000),
        "inference_count": entry.rows,
        "execution_count": entry.executions,
        "inference_stats": {
            "success": success,
            "fail": {"count": entry.failures, "ns": entry.failed_nanoseconds},
            "queue": nothing,
            "compute_input": nothing,
            "compute_infer": {"count": entry.calls - entry.hits, "ns": entry.nanoseconds},
            "compute_output": nothing,
            "cache_hit": {"count": entry.hits, "ns": entry.hit_nanoseconds},
            "cache_miss": {"count": entry.misses, "ns": entry.miss_nanoseconds},
        },
        "batch_stats": [],
    }


def _index_row(state: VersionState) -> dict[str, Any]:
    ready = state.state == "available"
    row = {"name": state.name, "version": str(state.version), "state": "READY" if ready else "UNAVAILABLE"}
    return {**row, "reason": "" if ready else state.error or f"it was {state.state}"}


def _body(request: Request) -> dict[str, Any]:
    return read_object(request.body) if request.body.strip() else {}


def _model_routes(end: str, operation: str, encode: Callable[[Any], Response], scope: str = "read") -> list[Route]:
    """Return the routes of a resource of a model, and of one version of it."""
    paths = (f"/v2/models/{{name}}{end}", f"/v2/models/{{name}}/versions/{{version}}{end}")
    return [Route("GET", path, operation, scope, encode, describe=describe) for path in paths]


def _read(path: str, operation: str, encode: Callable[[Any], Response], scope: str = "read") -> Route:
    return Route("GET", path, operation, scope, encode, describe=describe)


def _infer(path: str) -> Route:
    return Route("POST", path, "predict", "predict", encode_infer, decode_infer, describe)


def _repository(path: str, operation: str, encode: Callable[[Any], Response], scope: str) -> Route:
    check = check_load if operation == "load" else None
    return Route("POST", f"/v2/repository/{path}", operation, scope, encode, describe=describe, check=check)


PROTOCOL = WireProtocol(
    name="openinference",
    routes=(
        _infer("/v2/models/{name}/infer"),
        _infer("/v2/models/{name}/versions/{version}/infer"),
        _read("/v2", "live", encode_server),
        _read("/v2/health/live", "live", encode_live, scope="open"),
        _read("/v2/health/ready", "ready", encode_ready, scope="open"),
        _read("/v2/models/stats", "statistics", encode_statistics),
        *_model_routes("", "model", encode_model),
        *_model_routes("/ready", "model", encode_model_ready),
        *_model_routes("/config", "model", encode_config),
        *_model_routes("/stats", "statistics", encode_statistics),
        _repository("index", "index", encode_index, "read"),
        _repository("models/{name}/load", "load", encode_loaded, "admin"),
        _repository("models/{name}/unload", "unload", encode_unloaded, "admin"),
    ),
    error=encode_error,
)
