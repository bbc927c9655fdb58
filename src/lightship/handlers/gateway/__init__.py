"""The Lambda handler for HTTP: events of any service in front, answered without an event loop on protocol routes.

Mangum's way (two scopes, a queue, a task and two turns of an event loop) takes three times as long as the answer, so
it is only taken for pages. A protocol's route never waits on Lambda, where models run in line, so its coroutine ends
at its first step.
"""

from __future__ import annotations

import base64
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any, TypeVar

from lightship import wire
from lightship.answer import answer
from lightship.app.front import Front
from lightship.app.shell import Shell
from lightship.errors import InvalidInput
from lightship.handlers.gateway.events import HttpEvent, Reader, is_payload_2, payload_2
from lightship.wire.http import Response

T = TypeVar("T")


class Gateway:
    """The handler: protocol routes itself, pages through Mangum, direct invocations as predictions.

    Args:
        shell: what answers.
        base_path: the path that a custom domain's API mapping puts in front of ours: ``/ml``, or empty.
    """

    def __init__(self, shell: Front | Shell, *, base_path: str = "") -> None:
        self._shell = shell
        self._base_path = base_path
        self._mangum: Any = None

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one event; never raises for what an event holds."""
        read: Reader | None = payload_2
        if not is_payload_2(event):
            from lightship.handlers.gateway.formats import reader_of

            read = reader_of(event)
        if read is None:
            return self._invocation(event, context)
        try:
            request = _read(event, read, self._base_path)
        except InvalidInput as wrong:
            return _result(wire.render_error(wrong, _path(event)), multi_value="multiValueHeaders" in event)
        known = {"requestContext": request.context}
        response = _finish(
            self._shell.respond(request.method, request.path, request.query, request.headers, request.body, known)
        )
        if isinstance(response, Response):
            return _result(response, multi_value=request.multi_value)
        return self._page(request, context)

    def _page(self, request: HttpEvent, context: Any) -> dict[str, Any]:
        from lightship.handlers.gateway import pages

        if self._mangum is None:
            self._mangum = pages.mangum(self._shell)
        return pages.page(request, context, mangum=self._mangum)

    def _invocation(self, event: Any, context: Any) -> dict[str, Any]:
        from lightship.handlers.gateway import invocations

        service, request_id = self._shell.service, getattr(context, "aws_request_id", "")
        return invocations.answer(
            event,
            request_id,
            ask=lambda request: _finish(answer(service, request)),
            default_name=partial(service.catalogue.default_name),
        )


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
