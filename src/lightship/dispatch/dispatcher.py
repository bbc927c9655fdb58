"""Dispatcher: answers a request of a protocol, from HTTP, a queue or a test.

It matches the route, authorises the caller, runs the operation and renders each error once, in the format of the
protocol that owns the path. Synchronous; :mod:`lightship.dispatch.concurrent` adds a server's threads.
"""

from __future__ import annotations

import logging

from lightship import protocols
from lightship.calls import Call, ModelSelector, Prediction
from lightship.dispatch.operations import OPERATIONS, Context, Exposition
from lightship.errors import BundleError, Forbidden, LightshipError, TooLarge, TransformError, Unauthenticated
from lightship.protocols.http import Matched, Request, Response, Route
from lightship.serving.pool import Served
from lightship.serving.serving import Serving
from lightship.settings import DEFAULT_SETTINGS, Settings

_LOG = logging.getLogger(__name__)

PREDICT = "predict"
DEFAULT_READY = "default_ready"

# Media types of responses that are base64-encoded in an event.
_BINARY = frozenset({"application/octet-stream", "application/x-npy"})


class Dispatcher:
    """The operations of the protocols' routes, with authorisation and errors.

    Args:
        serving: the models.
        settings: limits and permissions: ``max_answer``, ``allow_admin``, ``explain``.
        metrics: renders the text of ``GET /metrics``; None where nothing is counted.
    """

    def __init__(
        self, serving: Serving, settings: Settings = DEFAULT_SETTINGS, *, metrics: Exposition | None = None
    ) -> None:
        self.serving = serving
        self.context = Context(serving, settings, metrics)
        self.max_answer = settings.max_answer
        self._allow_admin = settings.allow_admin

    def authorise(self, request: Request) -> Matched | None:
        """Return the route if the caller may use it; None where no protocol has the path.

        Reads no body. Raises MethodNotAllowed, Unauthenticated or Forbidden.
        """
        matched = protocols.match(request.method, request.path)
        if matched is None:
            return None
        request.route, scope = matched.route.path, matched.route.scope
        if scope != "open" and request.caller is None:
            raise Unauthenticated
        if scope == "admin" and not self._allow_admin:
            raise Forbidden("callers may not load, unload or route models: LIGHTSHIP_ALLOW_ADMIN=1 allows it")
        return matched

    def answer(self, request: Request, matched: Matched | None = None) -> Response | None:
        """Return the response to a request; None where no protocol has the path.

        ``matched`` is the result of an earlier :meth:`authorise`, if any. Never raises.
        """
        try:
            matched = matched or self.authorise(request)
            return None if matched is None else self.respond(request, matched)
        except Exception as error:
            return error_response(request, error)

    def respond(self, request: Request, matched: Matched) -> Response:
        """Return the response to an authorised request; raises LightshipError.

        The steps of a prediction are: select a version, decode, run, encode.
        """
        serving, route = self.serving, matched.route
        if route.operation != PREDICT:
            return self._operate(request, matched)
        selector = matched.selector
        served = serving.router.ready(selector, request.traffic_key) or self._find(request, selector)
        call = decode(request, route, served)
        result, headers = serving.predict(served, call) if serving.caches else (served.predict(call), served.headers)
        response = route.encode(Prediction(served.name, served.version, result))
        response.headers.update(headers)
        if serving.cache.shadowed and not selector.explicit:
            serving.shadow(served, result, key=request.traffic_key())
        if len(response.body) * 2 > self.max_answer > 0:  # escapes at most double the size of a JSON string
            check_size(response, self.max_answer)
        return response

    def _find(self, request: Request, selector: ModelSelector) -> Served:
        try:
            return self.serving.find(selector, request.traffic_key)
        except BundleError:
            request.model = selector.name or ""  # for metrics: the model exists, so clients cannot invent labels
            raise

    def _operate(self, request: Request, matched: Matched) -> Response:
        operation = OPERATIONS[matched.route.operation]
        if matched.route.operation == DEFAULT_READY:  # other questions load nothing: the client waits for the answer
            self.serving.load_default_once()
        response = operation.run(self.context, request, matched, True).in_memory()
        check_size(response, self.max_answer)
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
    for array in call.inputs.values():
        if array.ndim:
            call.rows = len(array)
            break
    request.rows = call.rows
    return call


def error_response(request: Request, error: Exception) -> Response:
    """Return the response for an error, in the format of the path's protocol.

    An exception other than LightshipError is logged, and the client receives :func:`internal_error`. An error of a
    user's transform is logged with the user's traceback.
    """
    if not isinstance(error, LightshipError):
        names = request.method, request.path, request.correlation or "unknown"
        _LOG.error("%s %s failed, correlation %s", *names, exc_info=error)
        error = internal_error()
    elif isinstance(error, TransformError):
        names = error.message, error.detail or "no exception", request.correlation or "unknown"
        _LOG.error("%s (%s), correlation %s", *names, exc_info=error)
        error = TransformError(f"{error.message}; see the log, correlation id {names[-1]}")
    elif error.detail:
        _LOG.warning("%s (%s), correlation %s", error.message, error.detail, request.correlation or "unknown")
    request.refusal = error.code
    return protocols.render_error(error, request.path)


def internal_error() -> LightshipError:
    """Return the error that clients receive instead of an unexpected exception."""
    return LightshipError("internal error: search the log for the correlation id")


def check_size(response: Response, limit: int) -> None:
    """Raise TooLarge for a response of more than ``limit`` bytes in an event.

    The event holds it as base64, or as a JSON string with escapes. 0 is no limit.
    """
    if not limit:
        return
    if response.headers.get("content-type") in _BINARY or "content-encoding" in response.headers:
        size = (len(response.body) + 2) // 3 * 4
    else:
        size = len(response.body) + response.body.count(b'"') + response.body.count(b"\\")
    if size > limit:
        raise TooLarge(
            f"the response has {size} bytes, more than the limit of {limit}: "
            "request fewer rows or fewer outputs, or score a file with `lightship batch`"
        )
