"""Load generator: connections that send one request after the other.

``python -m benchmarks.load`` reads parameters from standard input and writes figures to standard output, as JSON. It
runs in a separate process, so that nothing else of the benchmark slows it down. It uses sockets and a selector, because
an HTTP library would be slower than the server.
"""

from __future__ import annotations

import gc
import json
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.examples import Example


@dataclass
class Measurement:
    """Seconds of the measurement, latencies in seconds, and the first wrong response."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    wrong: str | None = None


class _Connection:
    """One connection with one request in progress."""

    def __init__(self, port: int, requests: Sequence[bytes], first: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self.index = first
        self._buffer = b""

    def send(self) -> None:
        """Send the next request."""
        self.index = (self.index + 1) % len(self._requests)
        self._buffer = b""
        self._sent = time.perf_counter()
        self.socket.sendall(self._requests[self.index])

    def receive(self) -> tuple[float, bytes] | None:
        """Return latency and response once the response is complete, None before."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed a connection")
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or len(self._buffer) < end + 4 + _content_length(self._buffer[:end]):
            return None
        return time.perf_counter() - self._sent, self._buffer


def drive(
    port: int, examples: Sequence[Example], *, concurrency: int, seconds: float, warm_up: float, check: bool = True
) -> Measurement:
    """Keep ``concurrency`` requests in progress, then check all responses.

    Only responses after the warm-up are counted.
    """
    requests = [_request(example.body) for example in examples]
    connections = [_Connection(port, requests, index) for index in range(concurrency)]
    responses: list[tuple[float, int, bytes]] = []
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        _collect(selector, responses, time.perf_counter() + warm_up)
        responses.clear()
        start = time.perf_counter()
        end = _collect(selector, responses, start + seconds)
    for connection in connections:
        connection.socket.close()
    wrong = (response for _, index, response in responses if check and not _is_correct(examples[index], response))
    found = next(wrong, None)
    return Measurement(
        end - start, [latency for latency, _, _ in responses], None if found is None else found.decode("latin-1")
    )


def _collect(selector: selectors.BaseSelector, responses: list[tuple[float, int, bytes]], until: float) -> float:
    """Collect responses until a time; return the actual end time.

    The end may be later than ``until`` by one response.
    """
    now = time.perf_counter()
    while now < until:
        for key, _ in selector.select(timeout=until - now):
            connection: _Connection = key.data
            received = connection.receive()
            if received is not None:
                responses.append((received[0], connection.index, received[1]))
                connection.send()
        now = time.perf_counter()
    return now


def _request(body: str) -> bytes:
    head = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def _is_correct(example: Example, response: bytes) -> bool:
    head, _, body = response.partition(b"\r\n\r\n")
    return head.startswith(b"HTTP/1.1 200 ") and example.matches(body)


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    examples = [Example(**example) for example in parameters.pop("examples")]
    gc.disable()
    json.dump(asdict(drive(examples=examples, **parameters)), sys.stdout)


if __name__ == "__main__":
    main()
