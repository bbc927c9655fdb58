"""Gateway: the Lambda handler for HTTP events of every service.

With the fast path, protocol requests are answered without an event loop: Mangum (two scopes, a queue, a task and two
turns of an event loop) takes three times as long as the whole answer without it. All other requests go through Mangum.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lightship.app.core import Core
from lightship.app.exchange import exchange_of
from lightship.dispatch.dispatcher import error_response
from lightship.dispatch.entry import identified
from lightship.errors import InvalidInput
from lightship.handlers.gateway.events import HttpEvent, read_event
from lightship.protocols.http import Request, Response
from lightship.telemetry.exchange import Observer

if TYPE_CHECKING:
    from lightship.app.application import Application


class Gateway:
    """Handler of Lambda events: HTTP requests, and direct invocations as predictions.

    Args:
        core: the core of the application, with its entry and models.
        application: returns the FastAPI application; called when it is first needed.
        fast_path: whether protocol requests are answered without the application.
        lifespan: Mangum's mode: ``auto`` runs the application's lifespan around each event, ``off`` never.
    """

    def __init__(
        self, core: Core, application: Callable[[], Application], *, fast_path: bool = True, lifespan: str = "off"
    ) -> None:
        self.core = core
        self._application = application
        self._fast_path = fast_path
        self._lifespan = lifespan
        self._base_path = core.settings.base_path
        self._observe = _embedded_metrics() if core.settings.metrics else None
        self._mangum: Any = None

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one event; invalid events are answered and never raise."""
        start = time.perf_counter()
        try:
            read = read_event(event, self._base_path)
        except InvalidInput as error:
            request = Request("", _path(event))
            response = identified(request, error_response(request, error))
            self._report(request, response.status, start)
            return _result(response, multi_value="multiValueHeaders" in event)
        if read is None:
            return self._invocation(event, context)
        method = read.request.method
        answered = self.core.entry.answer(read.request, {"requestContext": read.context}) if self._fast_path else None
        result = (
            self._through_mangum(read, context) if answered is None else _result(answered, multi_value=read.multi_value)
        )
        if self._observe:
            read.request.method = method  # HEAD is answered as GET
            self._report(read.request, result["statusCode"], start)
        return result

    def _through_mangum(self, read: HttpEvent, context: Any) -> dict[str, Any]:
        from lightship.handlers.gateway import pages

        if self._mangum is None:
            self._mangum = pages.mangum(self._asgi(), lifespan=self._lifespan)
        return pages.page(read, context, mangum=self._mangum)

    def _asgi(self) -> Any:
        from lightship.app.asgi import AsgiEntry

        return AsgiEntry(self.core, self._application, fast_path=True) if self._fast_path else self._application()

    def _invocation(self, event: Any, context: Any) -> dict[str, Any]:
        from lightship.handlers.gateway import invocations

        def dispatch(request: Request) -> Response | None:
            start = time.perf_counter()
            response = self.core.entry.dispatcher.answer(request)
            self._report(request, response.status if response else 404, start)
            return response

        request_id, router = getattr(context, "aws_request_id", ""), self.core.serving.router
        return invocations.answer(event, request_id, dispatch=dispatch, default_name=router.default_name)

    def _report(self, request: Request, status: int, start: float) -> None:
        if self._observe:
            seconds = time.perf_counter() - start
            self._observe(exchange_of(request, status, time.time() - seconds, seconds))


def _embedded_metrics() -> Observer:
    from lightship.telemetry import embedded  # only if LIGHTSHIP_METRICS is set

    return embedded.write


def _path(event: Mapping[str, Any]) -> str:
    """Return the path of an invalid event, which determines the format of the error."""
    path = event.get("rawPath") or event.get("path") or event.get("raw_path")
    return path if isinstance(path, str) else "/"


def _result(response: Response, *, multi_value: bool) -> dict[str, Any]:
    try:
        body, binary = response.body.decode(), False
    except UnicodeDecodeError:
        body, binary = base64.b64encode(response.body).decode(), True
    if multi_value:
        headers: Any = {name: [value] for name, value in response.headers.items()}
        return {
            "statusCode": response.status,
            "multiValueHeaders": headers,
            "body": body,
            "isBase64Encoded": binary,
        }
    return {"statusCode": response.status, "headers": response.headers, "body": body, "isBase64Encoded": binary}
