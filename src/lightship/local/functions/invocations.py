"""Local server of Lambda's Invoke API, for functions that invoke others.

moto supports it only with Docker. Only synchronous invocations are implemented:
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from lightship.local.functions.workers import Function, FunctionFailed

_PATH = re.compile(r"/2015-03-31/functions/([^/?]+)/invocations")
_LARGEST = 6 * 1024 * 1024  # bytes of a payload, as on Lambda


class Invocations:
    """A server on the loopback interface that invokes functions by name or ARN."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """Return the value of ``AWS_ENDPOINT_URL_LAMBDA``."""
        return f"http://{self._server.host}"

    def serve(self, functions: Mapping[str, Function]) -> None:
        """Answer until :meth:`close`; earlier connections wait in the backlog."""
        self._server.functions = functions
        self._thread.start()

    def close(self) -> None:
        """Stop accepting invocations; running ones end with their functions."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    functions: Mapping[str, Function] = {}

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Invoke the function that the path names."""
        if self.headers.get("Host") != self.server.host or self.headers.get("Origin"):
            self._refuse(403, "AccessDeniedException", "only local functions may use this endpoint")
            return
        found = _PATH.fullmatch(self.path.partition("?")[0])
        name = unquote(found[1]).rpartition(":")[2] if found else ""
        function = self.server.functions.get(name)
        size = int(self.headers.get("Content-Length") or 0)
        if function is None:
            self._refuse(404, "ResourceNotFoundException", f"Function not found: {name[:200]}")
        elif not 0 <= size <= _LARGEST:
            self._refuse(413, "RequestTooLargeException", f"the payload must have at most {_LARGEST} bytes")
        else:
            self._invoke(function, self.rfile.read(size))

    def _invoke(self, function: Function, payload: bytes) -> None:
        try:
            event = json.loads(payload or b"null")
        except ValueError:
            self._refuse(400, "InvalidRequestContentException", "the payload is not JSON")
            return
        try:
            result, headers = function.invoke(event), {}
        except FunctionFailed as error:
            result = {"errorType": error.kind, "errorMessage": str(error)}
            headers = {"X-Amz-Function-Error": "Unhandled"}
        self._answer(200, result, headers)

    def _refuse(self, status: int, kind: str, message: str) -> None:
        self.close_connection = True  # the payload may not have been read
        self._answer(status, {"Type": "User", "Message": message}, {"x-amzn-ErrorType": kind})

    def _answer(self, status: int, record: Any, headers: Mapping[str, str]) -> None:
        body = json.dumps(record).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        with contextlib.suppress(ConnectionError):  # the caller has timed out
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the functions have their own logs."""
