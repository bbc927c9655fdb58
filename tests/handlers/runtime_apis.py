"""A Lambda Runtime API with scripted responses, which records its requests."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

EVENT_HEADERS = {
    "Lambda-Runtime-Aws-Request-Id": "1-2-3",
    "Lambda-Runtime-Deadline-Ms": "1790000000123",
    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:predict",
    "Lambda-Runtime-Trace-Id": "Root=1-2-3;Sampled=0",
    "Lambda-Runtime-Client-Context": '{"custom": {"name": "Zoë"}}',
    "Content-Type": "application/json",
}
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


def event(body: bytes, *, status: str = "200 OK", **more: str) -> bytes:
    """Return a response with its length; ``more`` are headers, with ``_`` for ``-``."""
    return _head(status, {**EVENT_HEADERS, **_named(more), "Content-Length": str(len(body))}) + body


def chunked_event(*chunks: bytes) -> bytes:
    """Return a chunked response; AWS's emulator sends all but small events like this."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return _head("200 OK", {**EVENT_HEADERS, "Transfer-Encoding": "chunked"}) + body


@dataclass(frozen=True)
class ScriptedResponse:
    """The response to one request.

    Attributes:
        data: the bytes to send.
        closes: whether the connection is closed after it without a Connection header.
        unread: whether the request's body is left unread.
        delay: seconds to wait before sending.
        first: called before sending.
    """

    data: bytes
    closes: bool = False
    unread: bool = False
    delay: float = 0.0
    first: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class ReceivedRequest:
    """One request: connection (counted from 1), first line, headers and body.

    Header names are in lower case.
    """

    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


class ScriptedRuntimeApi:
    """A server that answers each request with the next of ``answers``.

    A context manager. A request beyond the last answer waits until the server stops.
    """

    def __init__(self, answers: Sequence[ScriptedResponse | bytes]) -> None:
        self.requests: list[ReceivedRequest] = []
        self.closed = 0
        self._answers = [ScriptedResponse(answer) if isinstance(answer, bytes) else answer for answer in answers]
        self._changed, self._stopped = threading.Condition(), threading.Event()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ScriptedRuntimeApi:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for blocking in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                blocking.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    @property
    def address(self) -> str:
        """Return the value of ``AWS_LAMBDA_RUNTIME_API``."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def wait(self, *, requests: int = 0, closed: int = 0) -> None:
        """Wait for this many requests and closed connections."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= requests and self.closed >= closed, 30), (
                self.requests
            )

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            with connection, connection.makefile("rb") as reader:
                while self._answer(connection, reader):
                    pass
            with self._changed:
                self.closed += 1
                self._changed.notify()

    def _answer(self, connection: socket.socket, reader: BinaryIO) -> bool:
        """Answer one request; return whether its connection stays open."""
        if not (line := reader.readline()):
            return False
        headers = _headers(iter(reader.readline, b"\r\n"))
        answer = self._answers.pop(0) if self._answers else None
        body = b"" if answer and answer.unread else reader.read(int(headers.get("content-length", 0)))
        with self._changed:
            self.requests.append(ReceivedRequest(len(self._connections), line.decode().strip(), headers, body))
            self._changed.notify()
        if answer is None:
            return not self._stopped.wait()
        answer.first()
        self._stopped.wait(answer.delay)
        connection.sendall(answer.data)
        return not answer.closes


def _head(status: str, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _headers(lines: Iterable[bytes]) -> dict[str, str]:
    found = {}
    for line in lines:
        name, _, value = line.decode().partition(":")
        found[name.lower()] = value.strip()
    return found
