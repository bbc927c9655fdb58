"""Lambda's Runtime API over one plain connection, in the place of the client that awslambdaric brings.

That one prepares libcurl anew for every request, and on Python 3.12 and later it waits for each event in a new thread,
because compiled code that waits lets no signal through. Python's own sockets do. The protocol is a request for the next
event and a post of its outcome, both plain HTTP/1.1 to an address inside the execution environment:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import socket
from typing import Any

_INVOCATION = "/2018-06-01/runtime/invocation/"
_REQUEST_ID = "lambda-runtime-aws-request-id"
_DEADLINE = "lambda-runtime-deadline-ms"
_CONNECT_SECONDS = 1.0


class RuntimeApiError(RuntimeError):
    """The Runtime API could not be reached, or did not take or give what the protocol says: the runtime ends."""


class Headers:
    """An event's headers, whose names' case does not matter."""

    def __init__(self, found: dict[str, str]) -> None:
        self._found: dict[str, Any] = {**found, _DEADLINE: int(found.get(_DEADLINE, 0))}

    def get(self, name: str, default: Any = None) -> Any:
        """A header's text, or ``default``; the deadline is an integer (milliseconds since 1970)."""
        return self._found.get(name.lower(), default)


class RuntimeClient:
    """What awslambdaric asks of its compiled module ``runtime_client``. For one thread at a time.

    Args:
        address: ``host:port``, the value of ``AWS_LAMBDA_RUNTIME_API``.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._place = (host, int(port))
        self._common = f" HTTP/1.1\r\nHost: {address}\r\nUser-Agent: lightship\r\n"
        self._next = f"GET {_INVOCATION}next{self._common}\r\n".encode()
        self._connection: _Connection | None = None

    def next(self) -> tuple[bytes, Headers]:
        """Wait for the next event: its bytes and its headers. Raises RuntimeApiError."""
        status, headers, event = self._exchange(self._next)
        if status != 200 or _REQUEST_ID not in headers:
            raise RuntimeApiError(f"Lambda's Runtime API gave no event: {status}, {event[:500]!r}")
        return event, Headers(headers)

    def post_invocation_result(
        self, request_id: str, result: bytes, content_type: str, invocation_id: str | None = None
    ) -> None:
        """Hand in an event's result. Raises RuntimeApiError."""
        self._post(f"{request_id}/response", result, content_type, invocation_id)

    def post_error(self, request_id: str, error: str, xray_fault: str, invocation_id: str | None = None) -> None:
        """Hand in what became of an event, and its cause for X-Ray, both JSON on one line. Raises RuntimeApiError."""
        cause = f"Lambda-Runtime-Function-XRay-Error-Cause: {xray_fault}\r\n"
        self._post(f"{request_id}/error", error.encode(), "application/json", invocation_id, cause)

    def _post(self, path: str, body: bytes, content_type: str, invocation_id: str | None, more: str = "") -> None:
        if invocation_id:
            more += f"Lambda-Runtime-Invocation-Id: {invocation_id}\r\n"
        head = (
            f"POST {_INVOCATION}{path}{self._common}Content-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n{more}\r\n"
        )
        status, _, answer = self._exchange(head.encode() + body)
        if not 200 <= status < 300:
            raise RuntimeApiError(f"Lambda's Runtime API did not take the outcome: {status}, {answer[:500]!r}")

    def _exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Ask on the open connection; on a new one where there is none, or where it was closed in the meantime."""
        try:
            if self._connection is None or not (line := self._connection.ask(request)):
                self.close()
                self._connection = _Connection(self._place)
                line = self._connection.ask(request)
            status, headers, body = self._connection.answer(line)
        except (OSError, ValueError) as error:
            self.close()
            raise RuntimeApiError(f"Lambda's Runtime API broke off: {error}") from error
        if headers.get("connection") == "close":
            self.close()
        return status, headers, body

    def close(self) -> None:
        """Close the connection; the next call makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Connection:
    """HTTP/1.1 as far as the Runtime API speaks it. Raises OSError, and ValueError for what is no HTTP."""

    def __init__(self, place: tuple[str, int]) -> None:
        self._socket = socket.create_connection(place, _CONNECT_SECONDS)
        self._socket.settimeout(None)  # an execution environment may be frozen for hours while it waits
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def ask(self, request: bytes) -> bytes:
        """The first line of an answer; nothing where the other side is gone."""
        try:
            self._socket.sendall(request)
            return self._reader.readline()
        except ConnectionError:
            return b""

    def answer(self, line: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (names in lower case) and body of the answer that begins with this line."""
        if not line:
            raise ConnectionError("no answer came")
        status, headers = int(line[9:12]), {}
        while line := self._reader.readline().rstrip():
            name, _, value = line.decode(errors="replace").partition(":")
            headers[name.lower()] = value.strip()
        whole = self._chunks() if "transfer-encoding" in headers else self._exactly(headers.get("content-length", "0"))
        return status, headers, whole

    def close(self) -> None:
        self._reader.close()
        self._socket.close()

    def _chunks(self) -> bytes:
        chunks = []
        while chunk := self._exactly(self._reader.readline(), base=16):
            chunks.append(chunk)
            self._reader.readline()
        self._reader.readline()
        return b"".join(chunks)

    def _exactly(self, size: bytes | str, base: int = 10) -> bytes:
        expected = int(size, base)
        data = self._reader.read(expected)
        if len(data) < expected:
            raise ConnectionError(f"{len(data)} of {expected} bytes came")
        return data
