"""The steps of a prediction: what is asked for, decode, run, encode. In line here, in threads on a server."""

from __future__ import annotations

from lightship.calls import Call, Prediction, Result
from lightship.dispatch.routes import Matched, Parameters, version_of
from lightship.errors import BundleError, LightshipError
from lightship.protocols.http import Request, Response, Route
from lightship.serving.pool import Served
from lightship.serving.router import Asked
from lightship.serving.serving import Serving

# The header by which a client chooses its share of a traffic split.
_CALLER = "lightship-caller"


def predict(serving: Serving, request: Request, matched: Matched) -> Response:
    """Return the response to a prediction's request. Raises LightshipError."""
    route, parameters = matched
    asked = asked_by(request, parameters)
    try:
        served = serving.find(asked)
    except BundleError:
        count_refusal(request, parameters)
        raise
    call = decode(request, route, served)
    result, cached = serving.predict(served, call) if serving.caches else (served.predict(call), None)
    response = encode(route, served, result, cached)
    if serving.cache.shadowed and not asked.explicit:
        serving.shadow(served, result, key=asked.key)
    return response


def asked_by(request: Request, parameters: Parameters) -> Asked:
    """Return which version a request asks for; raises NotFound."""
    key = request.headers.get(_CALLER, "").encode() or request.body
    if not parameters:
        return Asked(key=key)
    return Asked(parameters.get("name"), version_of(parameters), parameters.get("label"), key)


def count_refusal(request: Request, parameters: Parameters) -> None:
    """Name the model for metrics although it is broken: it exists, so its name is no client's invention."""
    request.model = parameters.get("name", "")


def decode(request: Request, route: Route, served: Served) -> Call:
    """Return the call in a request's body; raises InvalidInput and the like, and counts them."""
    request.model, request.version = served.name, served.version
    assert route.decode is not None  # noqa: S101 - a route with this operation has a decoder
    try:
        call = route.decode(request, served.model.manifest)
    except LightshipError:
        served.counters.refused()
        raise
    request.rows = call.rows
    return call


def encode(route: Route, served: Served, result: Result, cached: str | None) -> Response:
    """Return a result as a response; ``cached`` is ``hit`` or ``miss`` where there is a response cache."""
    response = route.encode(Prediction(served.name, served.version, result))
    response.headers["lightship-model"] = served.name
    response.headers["lightship-version"] = str(served.version)
    if cached is not None:
        response.headers["lightship-cache"] = cached
    return response
