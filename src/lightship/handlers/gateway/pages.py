"""Requests answered through Mangum, converted to and from each service's format."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from mangum import Mangum

from lightship.app.asgi import REQUEST
from lightship.handlers.gateway.events import HttpEvent

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


def mangum(app: App, *, lifespan: str) -> Any:
    """Return Mangum around an ASGI application that receives the full external path."""

    async def with_root_path(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        event = scope["aws.event"]
        path = event["root"] + scope["path"]
        await app({**scope, "root_path": event["root"], "path": path, REQUEST: event["request"]}, receive, send)

    return Mangum(with_root_path, lifespan=lifespan)  # type: ignore[arg-type]


def page(read: HttpEvent, context: Any, *, mangum: Any) -> dict[str, Any]:
    """Answer a request through the application.

    Mangum receives every format as payload 2.0.
    """
    request = read.request
    seen = {"sourceIp": request.headers.get("x-forwarded-for"), **read.context.get("http", {})}
    http = {**seen, "method": request.method, "path": quote(request.path)}
    event = {
        "version": "2.0",
        "rawQueryString": request.query,
        "headers": request.headers,
        "requestContext": {**read.context, "http": http},
        "body": request.body,
        "root": read.root,
        "request": request,
    }
    answer: dict[str, Any] = mangum(event, context)
    if not read.cookies and (cookies := answer.pop("cookies", [])):
        answer["headers"]["set-cookie"] = cookies if read.multi_value else cookies[0]  # a single value holds one cookie
    if read.multi_value:
        headers = answer.pop("headers", {})
        lists = {name: value if isinstance(value, list) else [value] for name, value in headers.items()}
        answer["multiValueHeaders"] = lists
    return answer
