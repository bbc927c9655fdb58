"""The steps of a prediction: select a version, decode, run, encode.

Run in line here, and in threads on a server.
"""

from __future__ import annotations

from lightship.calls import Call, Prediction, Result
from lightship.errors import BundleError, LightshipError
from lightship.protocols.http import Matched, Request, Response, Route
from lightship.serving.pool import Served
from lightship.serving.serving import Serving


def predict(serving: Serving, request: Request, matched: Matched) -> Response:
    """Return the response to a prediction request; raises LightshipError."""
    route, selector = matched.route, matched.selector
    try:
        served = serving.find(selector, request.traffic_key)
    except BundleError:
        request.model = selector.name or ""  # for metrics: the model exists, so clients cannot invent labels
        raise
    call = decode(request, route, served)
    result, cached = serving.predict(served, call) if serving.caches else (served.predict(call), None)
    response = encode(route, served, result, cached)
    if serving.cache.shadowed and not selector.explicit:
        serving.shadow(served, result, key=request.traffic_key())
    return response


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
