"""The Lambda Runtime API for one runtime: as little as AWS's protocol allows, so that little but the runtime is timed.

AWS's own emulator adds about a millisecond to each event. Protocol:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import select
import socket
import time
from dataclasses import dataclass
from types import TracebackType

_PREFIX = "/2018-06-01/runtime/"
_NEXT = f"{_PREFIX}invocation/next"
_INIT_ERROR = f"{_PREFIX}init/error"
_ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_BLOCK = 1 << 16


class RuntimeFailedError(Exception):
    """The runtime could not load its handler, or ended, or did not answer in time."""


@dataclass(frozen=True)
class Outcome:
    """What came of one event: the handler's return value (or its error) as JSON, and when, in perf_counter seconds."""

    body: bytes
    failed: bool
    sent: float
    received: float

    @property
    def seconds(self) -> float:
        """From the moment the event is handed out until all of its outcome has arrived."""
        return self.received - self.sent


class RuntimeApi:
    """A server for one runtime at a time, as a context manager.

    No thread and no event loop: :meth:`invoke` reads the runtime's request for an event, answers it, and reads what
    the runtime posts. Between these calls the runtime waits, as it does on Lambda.

    Args:
        patience: seconds to wait for the runtime.
    """

    def __init__(self, *, patience: float = 60.0) -> None:
        self._patience = patience
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(patience)
        self._connection: socket.socket | None = None
        self._events = 0

    def __enter__(self) -> RuntimeApi:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        if self._connection is not None:
            self._connection.close()

    @property
    def address(self) -> str:
        """The value of ``AWS_LAMBDA_RUNTIME_API``."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def invoke(self, event: bytes) -> Outcome:
        """Hand out one event (JSON) and wait for its outcome. Raises RuntimeFailedError."""
        try:
            return self._invoke(event)
        except TimeoutError:
            raise RuntimeFailedError(f"the runtime was silent for {self._patience:.0f} seconds") from None
        except OSError as error:
            raise RuntimeFailedError(f"the runtime's connection broke: {error}") from None

    def _invoke(self, event: bytes) -> Outcome:
        connection, path, body = self._request()
        if path == _INIT_ERROR:
            connection.sendall(_ACCEPTED)
            raise RuntimeFailedError(body.decode(errors="replace"))
        if path != _NEXT:
            raise RuntimeFailedError(f"the runtime asked for {path} instead of an event")
        self._events += 1
        identity = f"event-{self._events}"
        message = _event(identity, event)
        sent = time.perf_counter()
        connection.sendall(message)
        connection, path, body = self._request(hot=True)
        received = time.perf_counter()
        connection.sendall(_ACCEPTED)
        verb = path.removeprefix(f"{_PREFIX}invocation/{identity}/")
        if verb not in {"response", "error"}:
            raise RuntimeFailedError(f"the runtime posted to {path} instead of an outcome")
        return Outcome(body, verb == "error", sent, received)

    def _request(self, *, hot: bool = False) -> tuple[socket.socket, str, bytes]:
        """The next request as its connection, path and body: on the open connection, or on the next one.

        ``hot`` asks again and again instead of sleeping: to be woken takes longer than all else that is done here.
        """
        while True:
            connection = self._connection or self._accept()
            if data := self._receive(connection, hot):
                break
            connection.close()
            self._connection = None
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more(connection)
        head = data[:end].decode("latin-1")
        body, size = data[end + 4 :], _content_length(head)
        while len(body) < size:
            body += self._more(connection)
        return connection, head.split(" ", 2)[1], body

    def _accept(self) -> socket.socket:
        self._connection, _ = self._listener.accept()
        self._connection.setblocking(False)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def _more(self, connection: socket.socket) -> bytes:
        data = self._receive(connection, hot=True)
        if not data:
            raise RuntimeFailedError("the runtime ended in the middle of a request")
        return data

    def _receive(self, connection: socket.socket, hot: bool) -> bytes:
        deadline = time.perf_counter() + self._patience
        if not hot:
            select.select([connection], [], [], self._patience)
        while True:
            try:
                return connection.recv(_BLOCK)
            except BlockingIOError:
                if time.perf_counter() > deadline:
                    raise TimeoutError from None


def _event(identity: str, event: bytes) -> bytes:
    headers = (
        "HTTP/1.1 200 OK",
        "Content-Type: application/json",
        f"Content-Length: {len(event)}",
        f"Lambda-Runtime-Aws-Request-Id: {identity}",
        f"Lambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + 30_000}",
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:benchmark",
        "Lambda-Runtime-Trace-Id: Root=1-00000000-000000000000000000000000;Sampled=0",
    )
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + event


def _content_length(head: str) -> int:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0
