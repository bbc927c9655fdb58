"""Entry: the rules of HTTP, admission, body limits, dispatch.

Synchronous: the Lambda handler's fast path. :class:`lightship.app.asgi.AsgiEntry` takes the same steps for ASGI
servers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.dispatch.admission import Admission
from lightship.dispatch.cors import Cors, merged
from lightship.dispatch.dispatcher import Dispatcher, error_response
from lightship.dispatch.encodings import SMALLEST, compress
from lightship.dispatch.inflate import inflate
from lightship.dispatch.rules import allow, canonical, protocol_methods, without_body
from lightship.protocols.http import Request, Response

_ID = "x-correlation-id"


@dataclass(frozen=True)
class Entry:
    """The entry of a request: admits it and answers it.

    Attributes:
        dispatcher: answers requests of the protocols.
        admission: admits requests by their headers.
        cors: the origins whose pages may read responses.
        max_body: the most bytes of a request's body, before and after decompression.
    """

    dispatcher: Dispatcher
    admission: Admission
    cors: Cors
    max_body: int

    def answer(self, request: Request, event: Mapping[str, Any] | None = None) -> Response | None:
        """Return the response to a request of a protocol; None for any other path.

        HEAD is answered as GET, and a trailing slash is ignored. Where it returns None, the method and path are the
        original ones. ``event`` is as in :meth:`Admission.admit`. Never raises.
        """
        if request.method == "OPTIONS":
            return self._options(request)
        method, path = request.method, request.path
        if method == "HEAD":
            request.method = "GET"
        if path.endswith("/"):
            request.path = canonical(path)
        try:
            matched = self.admission.admit(request, event)
            if matched is None:
                request.path = path
                return None
            if "content-encoding" in request.headers or len(request.body) > self.max_body:
                request.body = inflate(request.body, request.headers, self.max_body)
            response = self.dispatcher.respond(request, matched)
            accepted = request.headers.get("accept-encoding")
            if accepted and len(response.body) > SMALLEST:
                response = compress(response, accepted)
        except Exception as error:
            response = error_response(request, error)
        finally:
            request.method = method
        if self.cors.origins:
            response.headers = merged(response.headers, self.cors.answer_headers(request.headers.get("origin", "")))
        response.headers[_ID] = request.correlation if _ID in request.headers else request.id
        return without_body(response) if method == "HEAD" else response

    def _options(self, request: Request) -> Response | None:
        path = canonical(request.path)
        methods = protocol_methods(path)
        if not methods:
            return None
        request.path = path
        return self.preflight(request, allow(methods))

    def preflight(self, request: Request, allowed: str) -> Response:
        """Return the response to OPTIONS; ``allowed`` is the value of ``Allow``."""
        return identified(request, Response(204, b"", self.cors.preflight_headers(request.headers, allowed)))


def identified(request: Request, response: Response) -> Response:
    """Return the response with the request's correlation id.

    Assigns an id to a request that was refused before admission.
    """
    request.id = request.id or os.urandom(16).hex()
    response.headers[_ID] = request.correlation
    return response
