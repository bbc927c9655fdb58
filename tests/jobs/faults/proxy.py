"""An HTTP proxy in front of moto's server that counts requests and injects faults.

A plan names the fault of each request, or has the answer that is given instead (:class:`Refusal`):

=================  ====================================================================================================
reset              the connection breaks before the request is forwarded
lost               the request is forwarded, and the connection breaks before the answer
truncated          the connection breaks in the middle of the answer's body
short              the connection is closed in the middle of the answer's body, as if that was all
throttled          the answer is that of a service that is overloaded: 503 SlowDown, or 400 ThrottlingException
twice              the request is forwarded twice: its client got no answer, and repeated it
overtaken          :attr:`Proxy.overtake` is called before the request is forwarded
silent             there is no answer
dripping           the body of the answer arrives byte by byte, and has no end
killed before      the client's process is killed before the request is forwarded
killed after       the client's process is killed before the answer
=================  ====================================================================================================

After a kill no more requests are forwarded: nothing that a killed process still does has an effect. Without
:attr:`Proxy.kill` it does not really end.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import Message
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.http_servers import running

FAULTS = ("throttled", "reset", "lost", "truncated")

# Hop-by-hop headers, and those that the proxy sets itself.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}

# Operations of S3 by method and the first of these names that is in the query.
_QUERIES = {
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "uploadId"): "ListParts",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("PUT", "uploadId"): "UploadPart",
}


class Refusal(NamedTuple):
    """A service's answer to a request that it refuses.

    Attributes:
        code: AWS's code of the error.
        region: the region that S3 names.
    """

    status: int
    code: str
    region: str = ""

    def xml(self) -> bytes:
        """Return the body as S3 writes it."""
        region = f"<Region>{self.region}</Region>" if self.region else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>Refused: {self.code}.</Message>{region}"
            "<RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>"
        ).encode()

    def json(self) -> bytes:
        """Return the body as DynamoDB and SQS write it."""
        return json.dumps({"__type": f"com.amazonaws#{self.code}", "message": f"Refused: {self.code}."}).encode()


_DRIP_SECONDS = 0.05
_KILLED = Refusal(400, "Killed")
_THROTTLED = {True: Refusal(400, "ThrottlingException"), False: Refusal(503, "SlowDown")}

# The fault of the n-th request, counted from 1.
Plan = Callable[[int], "str | Refusal | None"]


class Proxy(ThreadingHTTPServer):
    """A server before ``endpoint``.

    Attributes:
        plan: returns the fault of the n-th request, counted from 1; empty or None for none.
        requests: number of requests.
        injected: operations of the requests with a fault.
        seen: operation and path of each request.
        headers: headers of the last request.
        dead: whether the client was killed.
        kill: ends the client's process.
        overtake: does another worker's work.
    """

    daemon_threads = True
    plan: Plan
    requests: int
    injected: list[str]
    seen: list[str]
    headers: Message

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(endpoint).netloc
        self.lock = threading.Lock()
        self.dead = False
        self.kill: Callable[[], object] = str
        self.overtake: Callable[[], object] = str
        self.ended = threading.Event()
        self.begin(lambda number: "")

    def begin(self, plan: Plan) -> None:
        """Set a plan, count from 1 again, and forward requests again after a kill."""
        with self.lock:
            self.plan, self.requests, self.injected, self.seen, self.dead = plan, 0, [], [], False

    def fault(self, operation: str) -> str | Refusal:
        """Return the fault of the next request."""
        with self.lock:
            self.requests += 1
            fault = self.plan(self.requests) or ""
            self.injected += [operation] if fault else []
            return fault

    def die(self) -> None:
        """Let no more requests through, and end the client's process."""
        self.dead = True
        self.kill()

    def shutdown(self) -> None:
        """End answers that are silent or dripping, then the server."""
        self.ended.set()
        super().shutdown()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def proxy(endpoint: str) -> Iterator[Proxy]:
    with running(Proxy(endpoint)) as server:
        yield server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self._operation()
        self.server.headers = self.headers
        self.server.seen.append(f"{operation} {self.path}")
        with suppress(ConnectionError):  # a client that was killed
            self._answer(body, _KILLED if self.server.dead else self.server.fault(operation))

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815

    def _answer(self, body: bytes, fault: str | Refusal) -> None:
        if isinstance(fault, Refusal):
            return self._refuse(fault)
        instead = {"throttled": self._throttle, "reset": self._break, "silent": self._wait, "killed before": self._die}
        if fault in instead:
            return instead[fault]()
        if fault == "overtaken":
            self.server.overtake()
        answer, content = self._forward(body)
        if fault == "twice":
            answer, content = self._forward(body)
        unanswered = {"lost": self._break, "killed after": self._die}
        return unanswered[fault]() if fault in unanswered else self._send(answer, content, fault)

    def _operation(self) -> str:
        """Return the operation of a request, as boto3 names it."""
        if "X-Amz-Target" in self.headers:
            return str(self.headers["X-Amz-Target"]).rpartition(".")[2]
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        for (method, name), operation in _QUERIES.items():
            if self.command == method and name in query:
                return operation
        return f"{self.command.capitalize()}Object"

    def _forward(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection(self.server.target)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def _send(self, answer: HTTPResponse, content: bytes, fault: str) -> None:
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
        if fault == "dripping":
            return self._drip(content)
        self.close_connection = fault == "short"
        self.wfile.write(content[: len(content) // 2] if fault == "short" else content)
        return None

    def _drip(self, content: bytes) -> None:
        for byte in content[:-1]:
            self.wfile.write(bytes([byte]))
            if self.server.ended.wait(_DRIP_SECONDS):
                break
        self._wait()

    def _wait(self) -> None:
        self.server.ended.wait()
        self._break()

    def _throttle(self) -> None:
        self._refuse(_THROTTLED["X-Amz-Target" in self.headers])

    def _refuse(self, refusal: Refusal) -> None:
        """Answer in XML as S3, or in JSON as the other services."""
        json = "X-Amz-Target" in self.headers
        content = refusal.json() if json else refusal.xml()
        self.send_response(refusal.status)
        self.send_header("Content-Type", "application/x-amz-json-1.0" if json else "application/xml")
        if refusal.region:
            self.send_header("x-amz-bucket-region", refusal.region)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _die(self) -> None:
        self.server.die()
        self._refuse(_KILLED)

    def _break(self) -> None:
        """Close the connection by RST, so that unread data is lost."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Log nothing."""
