"""An HTTP proxy in front of moto's server that injects network faults.

``throttled`` answers as the service does, 503 SlowDown or 400 ThrottlingException; ``reset`` breaks the connection
before the request is forwarded; ``lost`` forwards it and breaks the connection then; ``truncated`` breaks it in the
middle of the response.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar
from urllib.parse import urlsplit

FAULTS = ("throttled", "reset", "lost", "truncated")

# Hop-by-hop headers, and those that the proxy sets itself.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class Proxy(ThreadingHTTPServer):
    """A server before ``endpoint``.

    ``plan`` returns the fault of the n-th request, counted from 1, or "". ``requests`` counts requests, ``injected``
    are the operations of those with a fault.
    """

    daemon_threads = True
    plan: Callable[[int], str]
    requests: int
    injected: list[str]

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(endpoint).netloc
        self.lock = threading.Lock()
        self.begin(lambda number: "")

    def begin(self, plan: Callable[[int], str]) -> None:
        """Set a plan, and count from 1 again."""
        with self.lock:
            self.plan, self.requests, self.injected = plan, 0, []

    def fault(self, operation: str) -> str:
        """Return the fault of the next request."""
        with self.lock:
            self.requests += 1
            fault = self.plan(self.requests)
            self.injected += [operation] if fault else []
            return fault

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


P = TypeVar("P", bound=Proxy)


@contextmanager
def proxy(endpoint: str) -> Iterator[Proxy]:
    with running(Proxy(endpoint)) as server:
        yield server


@contextmanager
def running(server: P) -> Iterator[P]:
    """Serve in a thread."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.fault(self._operation())
        if fault == "reset":
            return self._break()
        if fault == "throttled":
            return self._throttle()
        answer, content = self._forward(body)
        if fault == "lost":
            return self._break()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        length = answer.headers["Content-Length"] if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        if fault == "truncated":
            self.wfile.write(content[: len(content) // 2])
            return self._break()
        self.wfile.write(content)
        return None

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815

    def _operation(self) -> str:
        """Return the operation of a request, as boto3 names it."""
        if "X-Amz-Target" in self.headers:
            return self.headers["X-Amz-Target"].rpartition(".")[2]
        if self.command == "GET" and "list-type=2" in self.path:
            return "ListObjectsV2"
        return f"{self.command.capitalize()}Object"

    def _forward(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection(self.server.target)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _throttle(self) -> None:
        """Answer in XML as S3, or in JSON as the other services."""
        if "X-Amz-Target" in self.headers:
            content = json.dumps({"__type": "com.amazonaws#ThrottlingException", "message": "Rate exceeded"}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
        else:
            content = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            self.send_response(503)
            self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _break(self) -> None:
        """Close the connection by RST, so that unread data is lost."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Log nothing."""
