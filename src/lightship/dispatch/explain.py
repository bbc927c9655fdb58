"""The steps of an explanation: select a version, decode, explain, encode."""

from __future__ import annotations

from lightship.calls import Explained, Prediction
from lightship.dispatch.dispatcher import decode
from lightship.errors import BundleError
from lightship.protocols.http import Matched, Request, Response
from lightship.serving.serving import Serving
from lightship.settings import ExplainSettings


def explain(serving: Serving, request: Request, matched: Matched, limits: ExplainSettings) -> Response:
    """Return the response to a request for explanations; raises LightshipError.

    It is counted as a request, and not in the version's statistics of predictions.
    """
    from lightship.explain import explain as explain_call  # imported here: no prediction needs it

    try:
        served = serving.find(matched.selector, request.traffic_key)
    except BundleError:
        request.model = matched.selector.name or ""  # as in Dispatcher
        raise
    call = decode(request, matched.route, served)
    result, rows = explain_call(served.model, call, call.parameters["target"], limits=limits)
    response = matched.route.encode(Explained(Prediction(served.name, served.version, result), rows))
    response.headers.update(served.headers)
    return response
