"""The Lambda handler for HTTP: events of any service in front, answered without an event loop on protocol routes.

Mangum's way (two scopes, a queue, a task and two turns of an event loop) takes three times as long as the answer, so
it is only taken for pages. A protocol's route never waits on Lambda, where models run in line, so its coroutine ends
at its first step.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, TypeVar

from lightship.app.front import Front
from lightship.app.observed import exchange_of
from lightship.app.shell import Shell
from lightship.dispatch.dispatcher import answer, refused
from lightship.errors import InvalidInput
from lightship.handlers.gateway.events import HttpEvent, Reader, is_payload_2, payload_2
from lightship.protocols.http import Request, Response
from lightship.telemetry.exchange import Observer

T = TypeVar("T")


class Gateway:
    """The handler: protocol routes itself, pages through Mangum, direct invocations as predictions.

    Args:
        shell: what answers.
        base_path: the path that a custom domain's API mapping puts in front of ours: ``/ml``, or empty.
        observe: called once for each request, after its response is made; None for no observer.
    """

    def __init__(self, shell: Front | Shell, *, base_path: str = "", observe: Observer | None = None) -> None:
        self._shell = shell
        self._base_path = base_path
        self._observe = observe
        self._mangum: Any = None

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one event; never raises for what an event holds."""
        start = time.perf_counter()
        reader: Reader | None = payload_2
        if not is_payload_2(event):
            from lightship.handlers.gateway.formats import reader_of

            reader = reader_of(event)
        if reader is None:
            return self._invocation(event, context)
        try:
            read = _read(event, reader, self._base_path)
        except InvalidInput as wrong:
            request = Request("", _path(event))
            response = refused(request, wrong)
            self._report(request, response.status, start)
            return _result(response, multi_value="multiValueHeaders" in event)
        answered = _finish(self._shell.respond(read.request, {"requestContext": read.context}))
        result = self._page(read, context) if answered is None else _result(answered, multi_value=read.multi_value)
        self._report(read.request, result["statusCode"], start)
        return result

    def _page(self, read: HttpEvent, context: Any) -> dict[str, Any]:
        from lightship.handlers.gateway import pages

        if self._mangum is None:
            self._mangum = pages.mangum(self._shell)
        return pages.page(read, context, mangum=self._mangum)

    def _invocation(self, event: Any, context: Any) -> dict[str, Any]:
        from lightship.handlers.gateway import invocations

        service, request_id = self._shell.service, getattr(context, "aws_request_id", "")

        def ask(request: Request) -> Response | None:
            start = time.perf_counter()
            response = _finish(answer(service, request))
            self._report(request, response.status if response else 404, start)
            return response

        return invocations.answer(event, request_id, ask=ask, default_name=partial(service.catalogue.default_name))

    def _report(self, request: Request, status: int, start: float) -> None:
        if self._observe is not None:
            seconds = time.perf_counter() - start
            self._observe(exchange_of(request, status, time.time() - seconds, seconds))


def _read(event: Mapping[str, Any], read: Reader, base_path: str) -> HttpEvent:
    try:
        return read(event, base_path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(
            f"the event is not a complete HTTP request ({type(error).__name__}: {str(error)[:120]})"
        ) from None


def _path(event: Mapping[str, Any]) -> str:
    """The path of an event that could not be read, as far as it has one: it decides how the error looks."""
    path = event.get("rawPath") or event.get("path") or event.get("raw_path")
    return path if isinstance(path, str) else "/"


def _result(response: Response, *, multi_value: bool) -> dict[str, Any]:
    try:
        body, binary = response.body.decode(), False
    except UnicodeDecodeError:
        body, binary = base64.b64encode(response.body).decode(), True
    headers: Any = response.headers
    if multi_value:
        return {
            "statusCode": response.status,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": body,
            "isBase64Encoded": binary,
        }
    return {"statusCode": response.status, "headers": headers, "body": body, "isBase64Encoded": binary}


def _finish(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("a protocol's route waited on Lambda")
