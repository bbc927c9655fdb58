"""The one way in for a request: match the route, authorise, find the model, decode, run, encode.

HTTP, queue messages and tests all come through here, so whatever must hold for every request holds here. Each error
is rendered once, by the protocol that owns the path.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from lightship import protocols
from lightship.calls import Health, Prediction
from lightship.errors import BundleError, Forbidden, LightshipError, NotFound, TooLarge, Unauthenticated
from lightship.protocols.http import Request, Response, Route
from lightship.serving.serving import Catalogue

_LOG = logging.getLogger(__name__)

# Answers of so many values are encoded in less time than a thread takes to be asked.
_ENCODE_HERE = 2_000


Exposition = Callable[[Sequence[tuple[str, int]]], bytes]


class Service(NamedTuple):
    """What answers.

    Attributes:
        catalogue: the models.
        max_answer: how many bytes an answer may have as a JSON string in an event; 0 for no limit.
        allow_admin: whether callers may load and unload models.
        metrics: makes the text of ``GET /metrics`` from the versions that are loaded; None where nothing is counted.
    """

    catalogue: Catalogue
    max_answer: int = 0
    allow_admin: bool = False
    metrics: Exposition | None = None


Parameters = Mapping[str, str]
Matched = tuple[Route, Parameters]  # the route of a request, and the parameters in its path
Operation = Callable[[Service, Route, Parameters, Request], Awaitable[Response]]


def authorise(service: Service, request: Request) -> Matched | None:
    """Match a request's route and check that its caller may use it; None where no protocol knows the path.

    Its body is not looked at. Raises MethodNotAllowed, Unauthenticated or Forbidden.
    """
    matched = protocols.match(request.method, request.path)
    if matched is None:
        return None
    request.route, scope = matched[0].path, matched[0].scope
    if scope != "open" and request.caller is None:
        raise Unauthenticated
    if scope == "admin" and not service.allow_admin:
        raise Forbidden("callers may not load or unload models: LIGHTSHIP_ALLOW_ADMIN=1 allows it")
    return matched


async def answer(service: Service, request: Request, matched: Matched | None = None) -> Response | None:
    """The response to a request; None where no protocol knows the path. Never raises.

    ``matched`` is what :func:`authorise` found, where it was asked before.
    """
    try:
        matched = matched or authorise(service, request)
        if matched is None:
            return None
        route, parameters = matched
        response = await OPERATIONS[route.operation](service, route, parameters, request)
        if service.max_answer and len(response.body) > service.max_answer // 2:  # escaping at most doubles JSON
            _check_size(response, service.max_answer)
    except LightshipError as error:
        if error.detail:
            _LOG.warning("%s (%s), correlation %s", error.message, error.detail, request.correlation or "unknown")
        return refused(request, error)
    except Exception:
        return failed(request)
    return response


def refused(request: Request, error: LightshipError) -> Response:
    """The response to a request that is not answered, in the shape of the protocol that owns its path."""
    request.refusal = error.code
    return protocols.render_error(error, request.path)


def failed(request: Request) -> Response:
    """The response to a request that raised an unforeseen error, which goes into the log."""
    _LOG.exception("%s %s failed, correlation %s", request.method, request.path, request.correlation or "unknown")
    return refused(request, LightshipError("internal error: the log has it by the correlation id"))


async def _predict(service: Service, route: Route, parameters: Parameters, request: Request) -> Response:
    version, label = _version(parameters) if parameters else None, parameters.get("label")
    key = request.headers.get("lightship-caller", "").encode() or request.body
    try:
        served = await service.catalogue.get(parameters.get("name"), version, label, key=key)
    except BundleError:  # so there is such a model: metrics count its refusals
        request.model = parameters.get("name", "")
        raise
    request.model, request.version = served.name, served.version
    assert route.decode is not None  # noqa: S101 - a predict route without a decoder is a bug of ours
    try:
        if len(request.body) < served.decode_here:
            call = route.decode(request, served.model.manifest)
        else:
            call = await service.catalogue.elsewhere(partial(route.decode, request, served.model.manifest))
    except LightshipError:
        served.counters.refused()
        raise
    request.rows = call.rows
    result, cached = await service.catalogue.predict(served, call)
    prediction = Prediction(served.name, served.version, result)
    values = 0
    for array in result.outputs.values():  # a generator costs a hot request a microsecond
        values += array.size
    if values <= _ENCODE_HERE:
        response = route.encode(prediction)
    else:
        response = await service.catalogue.elsewhere(partial(route.encode, prediction))
    if version is None and label is None:
        service.catalogue.shadow(served, result, key=key)
    response.headers["lightship-model"] = served.name
    response.headers["lightship-version"] = str(served.version)
    if cached is not None:
        response.headers["lightship-cache"] = cached
    return response


async def _models(service: Service, route: Route, _: Parameters, __: Request) -> Response:
    standings = service.catalogue.standings
    return route.encode(await service.catalogue.told(lambda ask: standings.states(ask=ask)))


async def _index(service: Service, route: Route, _: Parameters, request: Request) -> Response:
    standings = service.catalogue.standings
    return route.encode((await service.catalogue.told(lambda ask: standings.all_versions(ask=ask)), request))


async def _model(service: Service, route: Route, parameters: Parameters, _: Request) -> Response:
    name, version, label = parameters["name"], _version(parameters), parameters.get("label")
    state = service.catalogue.standings.state
    return route.encode(await service.catalogue.told(lambda ask: state(name, version, label, ask=ask)))


async def _status(service: Service, route: Route, parameters: Parameters, _: Request) -> Response:
    name, version, label = parameters["name"], _version(parameters), parameters.get("label")
    states = service.catalogue.standings.version_states
    return route.encode(await service.catalogue.told(lambda ask: states(name, version, label, ask=ask)))


async def _statistics(service: Service, route: Route, parameters: Parameters, _: Request) -> Response:
    name, version = parameters.get("name"), _version(parameters)
    statistics = service.catalogue.standings.statistics
    return route.encode(await service.catalogue.told(lambda ask: statistics(name, version, ask=ask)))


async def _load(service: Service, route: Route, parameters: Parameters, request: Request) -> Response:
    if route.check is not None:
        route.check(request)
    state = await service.catalogue.aside(lambda: service.catalogue.reload(parameters["name"]))
    return route.encode(state)


async def _unload(service: Service, route: Route, parameters: Parameters, _: Request) -> Response:
    return route.encode(await service.catalogue.aside(lambda: service.catalogue.unload(parameters["name"])))


async def _live(_: Service, route: Route, __: Parameters, ___: Request) -> Response:
    return route.encode(Health(ready=True))


async def _ready(service: Service, route: Route, _: Parameters, request: Request) -> Response:
    if service.catalogue.starting:
        return route.encode(Health(ready=False))
    standings = service.catalogue.standings
    states = await service.catalogue.told(lambda ask: standings.states(ask=ask))
    ready = any(state.ready for state in states)
    return route.encode(Health(ready, states if request.caller is not None else ()))


async def _default_ready(service: Service, route: Route, _: Parameters, __: Request) -> Response:
    """Whether the default model can be asked. Strangers may know: no model is named."""
    return route.encode(Health(await service.catalogue.ready()))


async def _metrics(service: Service, route: Route, _: Parameters, __: Request) -> Response:
    metrics, catalogue = service.metrics, service.catalogue
    if metrics is None:
        raise NotFound("metrics are kept by servers: a Lambda function writes them into its log (LIGHTSHIP_METRICS=1)")
    return route.encode(await catalogue.elsewhere(lambda: metrics(catalogue.loaded_versions())))


OPERATIONS: dict[str, Operation] = {
    "predict": _predict,
    "models": _models,
    "index": _index,
    "model": _model,
    "status": _status,
    "statistics": _statistics,
    "load": _load,
    "unload": _unload,
    "live": _live,
    "ready": _ready,
    "default_ready": _default_ready,
    "metrics": _metrics,
}


def _version(parameters: Parameters) -> int | None:
    text = parameters.get("version")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18 and int(text) > 0):
        raise NotFound(f"'{text[:40]}' is not a version: versions are numbers from 1")
    return int(text)


# Media types of answers that are base64 in an event.
_BINARY = frozenset({"application/octet-stream", "application/x-npy"})


def _check_size(response: Response, limit: int) -> None:
    if response.headers.get("content-type") in _BINARY:
        size = (len(response.body) + 2) // 3 * 4  # base64
    else:
        size = len(response.body) + response.body.count(b'"') + response.body.count(b"\\")
    if size > limit:
        raise TooLarge(
            f"the answer has {size} bytes, more than the {limit} that can be sent back from here: ask "
            "for fewer rows, or for fewer outputs, or score a file with `lightship batch`"
        )
