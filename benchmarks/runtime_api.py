"""Minimal Lambda Runtime API server for one runtime.

It is minimal so that mostly the runtime is timed: AWS's own emulator adds about a millisecond to each event. Protocol:
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
    """A runtime that could not load its handler, ended, or did not respond in time."""


@dataclass(frozen=True)
class Outcome:
    """Result or error of one event as JSON, with times in perf_counter seconds."""

    body: bytes
    failed: bool
    sent: float
    received: float

    @property
    def seconds(self) -> float:
        """Return the seconds from sending the event to receiving all of its outcome."""
        return self.received - self.sent


class RuntimeApi:
    """Server for one runtime at a time, as a context manager.

    It has no thread and no event loop: :meth:`invoke` reads the runtime's request for an event, sends the event, and
    reads the outcome that the runtime posts. Between these calls the runtime waits, as it does on Lambda.

    Args:
        timeout: seconds to wait for the runtime.
    """

    def __init__(self, *, timeout: float = 60.0) -> None:
        self._timeout = timeout
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(timeout)
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
        """Return the value of ``AWS_LAMBDA_RUNTIME_API``."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def invoke(self, event: bytes) -> Outcome:
        """Send one event (JSON) and return its outcome; raises RuntimeFailedError."""
        try:
            return self._invoke(event)
        except TimeoutError:
            raise RuntimeFailedError(f"the runtime sent nothing for {self._timeout:.0f} seconds") from None
        except OSError as error:
            raise RuntimeFailedError(f"the runtime's connection broke: {error}") from None

    def _invoke(self, event: bytes) -> Outcome:
        connection, path, body = self._request()
        if path == _INIT_ERROR:
            connection.sendall(_ACCEPTED)
            raise RuntimeFailedError(body.decode(errors="replace"))
        if path != _NEXT:
            raise RuntimeFailedError(f"the runtime requested {path} instead of the next event")
        self._events += 1
        identity = f"event-{self._events}"
        message = _event(identity, event)
        sent = time.perf_counter()
        connection.sendall(message)
        connection, path, body = self._request(busy=True)
        received = time.perf_counter()
        connection.sendall(_ACCEPTED)
        verb = path.removeprefix(f"{_PREFIX}invocation/{identity}/")
        if verb not in {"response", "error"}:
            raise RuntimeFailedError(f"the runtime posted to {path} instead of the event's response or error")
        return Outcome(body, verb == "error", sent, received)

    def _request(self, *, busy: bool = False) -> tuple[socket.socket, str, bytes]:
        """Return connection, path and body of the next request.

        It is read from the open connection, or else a new one. ``busy`` polls instead of sleeping, because waking up
        would take longer than everything else here.
        """
        while True:
            connection = self._connection or self._accept()
            if data := self._receive(connection, busy):
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
        data = self._receive(connection, busy=True)
        if not data:
            raise RuntimeFailedError("the runtime ended in the middle of a request")
        return data

    def _receive(self, connection: socket.socket, busy: bool) -> bytes:
        deadline = time.perf_counter() + self._timeout
        if not busy:
            select.select([connection], [], [], self._timeout)
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
