"""Operations of the protocols' routes other than predictions.

These are status, statistics, loading, health, metrics and explanations. Each is synchronous. Those that read the
registry take ``may_read``: with False they answer from the cache or raise NeverRead (see
:class:`lightship.serving.registry_cache.RegistryCache`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from lightship.calls import Health
from lightship.errors import Forbidden, LightshipError, NotFound
from lightship.protocols.http import Matched, PageRequest, Request, Response
from lightship.serving.listing import NeverRead
from lightship.serving.serving import Serving
from lightship.settings import DEFAULT_SETTINGS, Settings

# Renders the text of ``GET /metrics`` from the loaded versions.
Exposition = Callable[[Sequence[tuple[str, int]]], bytes]


class Runs(Enum):
    """The threads of a long-running server that run an operation.

    ``IN_LINE`` is the event loop, the others are executors of :class:`lightship.serving.threads.Threads`.
    """

    IN_LINE = auto()
    READS = auto()
    LOADS = auto()
    CALLS = auto()


@dataclass(frozen=True, slots=True)
class Context:
    """The context of operations.

    Attributes:
        serving: the models.
        settings: limits, and what the web application shows.
        metrics: the renderer of metrics, if any.
    """

    serving: Serving
    settings: Settings = DEFAULT_SETTINGS
    metrics: Exposition | None = None


class Operation(NamedTuple):
    """An operation, and the threads of a server that run it."""

    run: Callable[[Context, Request, Matched, bool], Response]
    where: Runs = Runs.IN_LINE


def _models(context: Context, _: Request, matched: Matched, may_read: bool) -> Response:
    return matched.route.encode(context.serving.status.models(may_read=may_read, figures=True))


def _index(context: Context, request: Request, matched: Matched, may_read: bool) -> Response:
    return matched.route.encode((context.serving.status.all_versions(may_read=may_read), request))


def _model(context: Context, _: Request, matched: Matched, may_read: bool) -> Response:
    name, selector = matched.parameters["name"], matched.selector
    state = context.serving.status.model(name, selector.version, selector.label, may_read=may_read)
    return matched.route.encode(state)


def _details(context: Context, _: Request, matched: Matched, may_read: bool) -> Response:
    status, selector = context.serving.status, matched.selector
    state = status.model(matched.parameters["name"], selector.version, selector.label, may_read=may_read)
    return matched.route.encode(status.with_figures(state, may_read=may_read))


def _versions(context: Context, _: Request, matched: Matched, may_read: bool) -> Response:
    name, selector = matched.parameters["name"], matched.selector
    states = context.serving.status.versions(name, selector.version, selector.label, may_read=may_read)
    return matched.route.encode(states)


def _statistics(context: Context, _: Request, matched: Matched, may_read: bool) -> Response:
    selector = matched.selector
    statistics = context.serving.status.statistics(selector.name, selector.version, may_read=may_read)
    return matched.route.encode(statistics)


def _load(context: Context, request: Request, matched: Matched, _: bool) -> Response:
    route = matched.route
    _check_single_process(context)
    if route.check is not None:
        route.check(request)
    return route.encode(context.serving.reload(matched.parameters["name"]))


def _unload(context: Context, _: Request, matched: Matched, __: bool) -> Response:
    _check_single_process(context)
    context.serving.unload(matched.parameters["name"])
    return matched.route.encode(None)


def _check_single_process(context: Context) -> None:
    """Raise Forbidden in a worker: the other ones would not do the same."""
    if context.settings.worker is not None:
        raise Forbidden(
            "a server with several workers does not load or unload models on request: change labels or withdraw the "
            "version, or serve with one worker"
        )


def _live(_: Context, __: Request, matched: Matched, ___: bool) -> Response:
    return matched.route.encode(Health(ready=True))


def _page(context: Context, request: Request, matched: Matched, _: bool) -> Response:
    return matched.route.encode(PageRequest(request, matched.parameters, context.settings))


def _ready(context: Context, request: Request, matched: Matched, may_read: bool) -> Response:
    if context.serving.starting:
        return matched.route.encode(Health(ready=False))
    states = context.serving.status.models(may_read=may_read)
    ready = any(state.ready for state in states)
    return matched.route.encode(Health(ready, states if request.caller is not None else ()))


def _default_ready(context: Context, _: Request, matched: Matched, may_read: bool) -> Response:
    """Return whether the default model answers.

    The route needs no authentication, because the response names no model.
    """
    return matched.route.encode(Health(_default_answers(context.serving, may_read=may_read)))


def _default_answers(serving: Serving, *, may_read: bool) -> bool:
    if serving.starting:
        return False
    try:
        return serving.status.default_model(may_read=may_read).ready and not serving.default_to_load(may_read=may_read)
    except NeverRead:
        raise
    except LightshipError:
        return False


def _metrics(context: Context, _: Request, matched: Matched, __: bool) -> Response:
    if context.metrics is None:
        raise NotFound("metrics are kept by servers only: Lambda functions log them (set LIGHTSHIP_METRICS=1)")
    return matched.route.encode(context.metrics(context.serving.loaded()))


def _explain(context: Context, request: Request, matched: Matched, _: bool) -> Response:
    from lightship.dispatch.explain import explain  # imported here: no prediction needs it

    return explain(context.serving, request, matched, context.settings.explain)


def _report(context: Context, request: Request, matched: Matched, _: bool) -> Response:
    from lightship.dispatch.report import report  # imported here: no prediction needs it

    return report(context.serving, request, matched)


def _form(context: Context, _: Request, matched: Matched, __: bool) -> Response:
    from lightship.dispatch.form import form  # imported here: no prediction needs it

    return form(context.serving, matched)


def _file(context: Context, request: Request, matched: Matched, _: bool) -> Response:
    from lightship.dispatch.files import file  # imported here: no prediction needs it

    return file(context.serving, request, matched, max_answer=context.settings.max_answer)


def _history(context: Context, _: Request, matched: Matched, may_read: bool) -> Response:
    return matched.route.encode(context.serving.status.history(matched.parameters["name"], may_read=may_read))


def _route(context: Context, request: Request, matched: Matched, _: bool) -> Response:
    from lightship.dispatch.routing import route  # imported here: no prediction needs it

    return route(context.serving, request, matched)


OPERATIONS: Mapping[str, Operation] = {
    "models": Operation(_models, Runs.READS),
    "index": Operation(_index, Runs.READS),
    "model": Operation(_model, Runs.READS),
    "details": Operation(_details, Runs.READS),
    "form": Operation(_form, Runs.CALLS),
    "history": Operation(_history, Runs.READS),
    "route": Operation(_route, Runs.LOADS),
    "report": Operation(_report, Runs.CALLS),
    "file": Operation(_file, Runs.CALLS),
    "status": Operation(_versions, Runs.READS),
    "statistics": Operation(_statistics, Runs.READS),
    "load": Operation(_load, Runs.LOADS),
    "unload": Operation(_unload, Runs.LOADS),
    "live": Operation(_live),
    "page": Operation(_page),
    "ready": Operation(_ready, Runs.READS),
    "default_ready": Operation(_default_ready, Runs.READS),
    "metrics": Operation(_metrics, Runs.CALLS),
    "explain": Operation(_explain, Runs.CALLS),
}
