"""The steps of a prediction: select a version, decode, run, encode.

Run in line here, and in threads on a server.
"""

from __future__ import annotations

from lightship.calls import Call, Prediction, Result
from lightship.dispatch.routes import Matched, Parameters, version_of
from lightship.errors import BundleError, LightshipError
from lightship.protocols.http import Request, Response, Route
from lightship.serving.pool import Served
from lightship.serving.router import ModelSelector
from lightship.serving.serving import Serving

# The header of the key that assigns a client to a version of a traffic split.
_CALLER = "lightship-caller"


def predict(serving: Serving, request: Request, matched: Matched) -> Response:
    """Return the response to a prediction request; raises LightshipError."""
    route, parameters = matched
    selector = selector_of(request, parameters)
    try:
        served = serving.find(selector)
    except BundleError:
        record_model(request, parameters)
        raise
    call = decode(request, route, served)
    result, cached = serving.predict(served, call) if serving.caches else (served.predict(call), None)
    response = encode(route, served, result, cached)
    if serving.cache.shadowed and not selector.explicit:
        serving.shadow(served, result, key=selector.key)
    return response


def selector_of(request: Request, parameters: Parameters) -> ModelSelector:
    """Return the version that a request selects; raises NotFound."""
    key = request.headers.get(_CALLER, "").encode() or request.body
    if not parameters:
        return ModelSelector(key=key)
    return ModelSelector(parameters.get("name"), version_of(parameters), parameters.get("label"), key)


def record_model(request: Request, parameters: Parameters) -> None:
    """Record the name of a broken model for metrics.

    The model exists, so clients cannot create arbitrary metric labels this way.
    """
    request.model = parameters.get("name", "")


def decode(request: Request, route: Route, served: Served) -> Call:
    """Return the call in a request's body.

    Counts refused requests. Raises InvalidInput and other errors of decoders.
    """
    request.model, request.version = served.name, served.version
    assert route.decode is not None  # noqa: S101 - a route with this operation has a decoder
    try:
        call = route.decode(request, served.model.manifest)
    except LightshipError:
        served.counters.count_refusal()
        raise
    request.rows = call.rows
    return call


def encode(route: Route, served: Served, result: Result, cached: str | None) -> Response:
    """Return a result as a response.

    ``cached`` is ``hit`` or ``miss`` where there is a response cache.
    """
    response = route.encode(Prediction(served.name, served.version, result))
    response.headers["lightship-model"] = served.name
    response.headers["lightship-version"] = str(served.version)
    if cached is not None:
        response.headers["lightship-cache"] = cached
    return response
