"""Client of Lambda's Runtime API, for :mod:`lightship.handlers.once`.

awslambdaric's client is compiled code that handles no signal while it waits; Python's own sockets do. The protocol
consists of a request for the next event and a post of its outcome, both HTTP/1.1 to an address inside the execution
environment: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from typing import Any

from httptools import HttpParserError, HttpResponseParser

_INVOCATION = "/2018-06-01/runtime/invocation/"
_REQUEST_ID = "lambda-runtime-aws-request-id"
_DEADLINE = "lambda-runtime-deadline-ms"
_CONNECT_SECONDS = 1.0
_BLOCK = 1 << 16


class RuntimeApiError(RuntimeError):
    """The Runtime API is unreachable or violates the protocol; the runtime must end."""


class Headers:
    """An event's headers, with case-insensitive names.

    Raises ValueError if the deadline is not a number.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields: dict[str, Any] = {**fields, _DEADLINE: int(fields.get(_DEADLINE, 0))}

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header's text, or ``default``.

        The deadline is an integer (milliseconds since 1970).
        """
        return self._fields.get(name.lower(), default)


class RuntimeClient:
    """A client with the methods of awslambdaric's compiled ``runtime_client``.

    Not thread-safe.

    Args:
        address: ``host:port``, the value of ``AWS_LAMBDA_RUNTIME_API``.
        user_agent: the name that Lambda records for the runtime.
    """

    def __init__(self, address: str, user_agent: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self._common = f" HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {user_agent}\r\n"
        self._next = f"GET {_INVOCATION}next{self._common}\r\n".encode()
        self._connection: _Connection | None = None

    def next(self) -> tuple[bytes, Headers]:
        """Wait for the next event; return its bytes and headers. Raises RuntimeApiError."""
        status, headers, event = self._exchange(self._next)
        if status != 200 or _REQUEST_ID not in headers:
            raise RuntimeApiError(f"the Runtime API returned no event: status {status}, {event[:500]!r}")
        try:
            return event, Headers(headers)
        except ValueError as error:
            raise RuntimeApiError(f"the Runtime API returned an event without a valid deadline: {error}") from None

    def post_invocation_result(
        self, request_id: str, result: bytes, content_type: str, invocation_id: str | None = None
    ) -> None:
        """Post an event's result. Raises RuntimeApiError."""
        self._post(f"{request_id}/response", result, content_type, invocation_id)

    def post_error(self, request_id: str, error: str, xray_fault: str, invocation_id: str | None = None) -> None:
        """Post an event's error and its cause for X-Ray, each as one line of JSON.

        Raises RuntimeApiError.
        """
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
            raise RuntimeApiError(f"the Runtime API did not accept the outcome: status {status}, {answer[:500]!r}")

    def _exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (lower-case names) and body of the response.

        A request is never retried.
        """
        try:
            if self._connection is None or self._connection.is_closed():
                self.close()
                self._connection = _Connection(self._address)
            answer = self._connection.exchange(request)
        except (OSError, HttpParserError) as error:
            self.close()
            raise RuntimeApiError(f"the connection to the Runtime API failed: {error}") from error
        if not answer.keeps_alive:
            self.close()
        return answer.status, answer.headers, b"".join(answer.blocks)

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Connection:
    """One connection, for one request at a time.

    Raises OSError, and HttpParserError for invalid HTTP.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, _CONNECT_SECONDS)
        self._socket.settimeout(None)  # Lambda may freeze the execution environment for hours while it waits
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self._answer = _Answer()

    def is_closed(self) -> bool:
        """Return whether the server has closed the connection since its last response.

        Between responses, readable data can only mean this.
        """
        return bool(self._readable.poll(0))

    def exchange(self, request: bytes) -> _Answer:
        """Send a request once and return the response, valid until the next request."""
        with suppress(ConnectionError):  # a server that refuses a large body has already sent its response
            self._socket.sendall(request)
        self._answer.on_message_begin()
        while not self._answer.is_complete:
            self._answer.feed(self._socket.recv(_BLOCK))
        return self._answer

    def close(self) -> None:
        self._socket.close()


class _Answer:
    """The current response of a connection, filled by httptools' callbacks."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.on_message_begin()

    def feed(self, data: bytes) -> None:
        """Parse received bytes; none mean that the server has closed the connection.

        Raises ConnectionError and HttpParserError.
        """
        if data:
            self._parser.feed_data(data)
        elif self._has_all_headers and not {"content-length", "transfer-encoding"} & self.headers.keys():
            self.on_message_complete()
        else:
            raise ConnectionError("the response ended in the middle" if self.headers else "no response was received")

    def on_message_begin(self) -> None:
        self.headers: dict[str, str] = {}
        self.blocks: list[bytes] = []
        self._has_all_headers = self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if value:
            self.headers.setdefault(name.decode(errors="replace").lower(), value.decode(errors="replace"))

    def on_headers_complete(self) -> None:
        self._has_all_headers = True

    def on_body(self, body: bytes) -> None:
        self.blocks.append(body)

    def on_message_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self.keeps_alive = self._parser.should_keep_alive()
        self._has_all_headers = False
        self.is_complete = self.status >= 200  # a 1xx status is interim: the final response follows
