"""Events of API Gateway's HTTP API, answered without an event loop where a protocol's route is asked.

Mangum's way (two scopes, a queue, a task and two turns of an event loop) takes three times as long as the answer. A
protocol's route never waits on Lambda, where models run in line, so its coroutine ends at its first step.
"""

from __future__ import annotations

import base64
from collections.abc import Coroutine
from typing import Any, TypeVar

from lightship import wire
from lightship.app.shell import Shell
from lightship.errors import InvalidInput
from lightship.wire.http import Request, Response

T = TypeVar("T")
Event = dict[str, Any]


class Gateway:
    """The Lambda handler: protocol routes itself, everything else (pages, other event formats) through Mangum."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._mangum: Any = None

    def __call__(self, event: Event, context: Any) -> dict[str, Any]:
        """Answer one event."""
        try:
            body = _body(event)
        except ValueError as error:  # what base64 and UTF-8 refuse
            wrong = InvalidInput(f"the event's body is not what it says: {error}")
            return _result(wire.render_error(wrong, event.get("rawPath") or event.get("path") or "/"))
        if event.get("version") == "2.0":
            response = _finish(self._respond(event, body))
            if isinstance(response, Response):
                return _result(response)
        if self._mangum is None:
            from mangum import Mangum

            self._mangum = Mangum(self._shell, lifespan="off")
        answer: dict[str, Any] = self._mangum(event, context)
        return answer

    def _respond(self, event: Event, body: bytes) -> Coroutine[Any, Any, Response | Request]:
        http, query = event["requestContext"]["http"], event.get("rawQueryString", "")
        headers, path = event.get("headers") or {}, http["path"]
        if "host" not in headers:  # API Gateway writes names in lower case, others may not
            headers = {name.lower(): value for name, value in headers.items()}
        if "%" in path:
            from urllib.parse import unquote

            path = unquote(path)
        return self._shell.respond(http["method"], path, query, headers, body, event)


def _body(event: Event) -> bytes:
    body = event.get("body") or ""
    return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()


def _result(response: Response) -> dict[str, Any]:
    try:
        body, binary = response.body.decode(), False
    except UnicodeDecodeError:
        body, binary = base64.b64encode(response.body).decode(), True
    return {
        "statusCode": response.status,
        "headers": response.headers,
        "body": body,
        "isBase64Encoded": binary,
    }


def _finish(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("a protocol's route waited on Lambda")
