"""Attacks of a client on a server: one function each, which returns the outcome.

Each is bounded in bytes sent, connections and seconds. ``TOKEN`` is the server's token; most attackers do not have it.
"""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

TOKEN = "sesame"
_HOST = b"Host: localhost\r\n"
_BEARER = f"Authorization: Bearer {TOKEN}\r\n".encode()
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Attack:
    """One attack with the maximum that it may cost.

    Attributes:
        name: what the client does.
        run: runs the attack on the server at a port, and returns the outcome.
        megabytes: maximum growth of the server's memory.
        cpu: maximum processor time in seconds.
        stall: maximum time in seconds without an answer of ``/health/live``.
    """

    name: str
    run: Callable[[int], str]
    megabytes: int
    cpu: float
    stall: float


@contextmanager
def _connections(port: int, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            with suppress(OSError):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
                found.append(connection)
        yield found


def _send(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def _status(connection: socket.socket, seconds: float = 60.0) -> str:
    connection.settimeout(seconds)
    try:
        answered = connection.recv(4096)
    except TimeoutError:
        return "no answer"
    except OSError:
        return "closed"
    return answered.split(b" ", 2)[1].decode() if answered.startswith(b"HTTP/") else "closed"


def endless_headers(port: int) -> str:
    """Send headers on eight connections without ending them, 32 MiB each."""
    piece = b"".join(b"X-%06d: %s\r\n" % (number, b"x" * 1000) for number in range(1000))
    sent = 0
    with _connections(port, 8) as connections:
        for connection in connections:
            connection.sendall(b"GET /models HTTP/1.1\r\n" + _HOST)
        for _ in range(32):
            for connection in list(connections):
                if _send(connection, piece):
                    sent += len(piece)
                else:
                    connections.remove(connection)
        return f"{sent / 1e6:.0f} MB taken, {len(connections)} of 8 connections open"


def long_url(port: int) -> str:
    """Request a URL of 60 MB."""
    with _connections(port, 1) as (connection,):
        _send(connection, b"GET /" + b"x" * 60_000_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n")
        return _status(connection)


def bodies_without_token(port: int) -> str:
    """Send 200 bodies of 10 MiB without a token, each except its last byte."""
    size = 10 * _MEBIBYTE
    head = b"POST /predict HTTP/1.1\r\n" + _HOST + b"Content-Length: %d\r\n\r\n" % size
    body = bytes(size - 1)
    sent = 0
    with _connections(port, 200) as connections:
        for connection in connections:
            sent += _send(connection, head + body)
        statuses = {_status(connection, 0.2) for connection in connections[:5]}
        return f"{sent} of 200 bodies taken, {', '.join(sorted(statuses))}"


def idle_connections(port: int) -> str:
    """Hold 1,100 connections for five seconds without sending."""
    with _connections(port, 1100) as connections:
        time.sleep(5)
        return f"{len(connections)} connected"


def slow_bodies(port: int) -> str:
    """Send 100 bodies with a token, a byte every half second, for six seconds."""
    head = b"POST /predict HTTP/1.1\r\n" + _HOST + _BEARER + b"Content-Length: 1000\r\n\r\n"
    with _connections(port, 100) as connections:
        for connection in connections:
            connection.sendall(head)
        for _ in range(12):
            for connection in connections:
                _send(connection, b" ")
            time.sleep(0.5)
        return f"{', '.join(sorted({_status(connection, 0.2) for connection in connections}))}"


def _post(port: int, path: str, body: bytes, media_type: str, *, encoding: str = "") -> str:
    declared_encoding = f"Content-Encoding: {encoding}\r\n".encode() if encoding else b""
    head = b"POST %s HTTP/1.1\r\n" % path.encode() + _HOST + _BEARER + declared_encoding
    with _connections(port, 1) as (connection,):
        declared = b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (media_type.encode(), len(body))
        _send(connection, head + declared + body)
        return f"{len(body)} bytes: {_status(connection)}"


def zipped_commas(port: int) -> str:
    """Send 10 KB of gzip that decompress to a CSV of ten million commas."""
    return _post(port, "/predict", gzip.compress(b"," * (10 * _MEBIBYTE - 100)), "text/csv", encoding="gzip")


def commas(port: int) -> str:
    """Send the same commas uncompressed, 10 MB."""
    return _post(port, "/predict", b"," * (10 * _MEBIBYTE - 100), "text/csv")


def nested_lists(port: int) -> str:
    """Send 46 KB of gzip that decompress to 10 MB of nested lists."""
    nest = b"[" * 500 + b"]" * 500 + b","
    body = b'{"input":[' + nest * (10 * _MEBIBYTE // len(nest) - 1) + b"[]]}"
    return _post(port, "/predict", gzip.compress(body), "application/json", encoding="gzip")


def examples(port: int) -> str:
    """Send 10 MB of examples to classify, without the model's columns."""
    body = b'{"examples":[' + b'{"a":1},' * (10 * _MEBIBYTE // 8 - 10) + b"{}]}"
    return _post(port, "/v1/models/quickstart:classify", body, "application/json")


def jpeg_markers(port: int) -> str:
    """Send a JPEG of 2.4 million empty segments."""
    return _post(port, "/models/digits/predict", b"\xff\xd8" + b"\xff\xe0\x00\x02" * 2_400_000, "image/jpeg")


def jpeg_padding(port: int) -> str:
    """Send a JPEG of ten million padding bytes."""
    return _post(port, "/models/digits/predict", b"\xff\xd8" + b"\xff" * 10_000_000, "image/jpeg")


ATTACKS = (
    Attack("endless headers", endless_headers, megabytes=30, cpu=2.0, stall=2.0),
    Attack("a URL of 60 MB", long_url, megabytes=30, cpu=2.0, stall=2.0),
    Attack("200 bodies of 10 MiB without a token", bodies_without_token, megabytes=150, cpu=15.0, stall=2.0),
    Attack("1,100 idle connections", idle_connections, megabytes=60, cpu=3.0, stall=2.0),
    Attack("100 bodies of a byte every half second", slow_bodies, megabytes=30, cpu=4.0, stall=2.0),
    Attack("10 KB of gzip: 10 million commas as CSV", zipped_commas, megabytes=30, cpu=2.0, stall=2.0),
    Attack("10 MB of commas as CSV", commas, megabytes=100, cpu=3.0, stall=2.0),
    Attack("46 KB of gzip: 10 MB of nested lists", nested_lists, megabytes=60, cpu=2.0, stall=2.0),
    Attack("10 MB of examples to classify", examples, megabytes=700, cpu=4.0, stall=6.0),
    Attack("a JPEG of 2.4 million empty segments", jpeg_markers, megabytes=60, cpu=2.0, stall=2.0),
    Attack("a JPEG of 10 million padding bytes", jpeg_padding, megabytes=60, cpu=2.0, stall=2.0),
)
