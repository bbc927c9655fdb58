"""A load generator: a few connections, each of which asks, waits for the answer, and asks again.

``python -m benchmarks.load`` reads its orders as JSON from standard input and writes what it saw to standard output: it
runs in a process of its own, so that nothing else of the measurement can slow it down. Sockets and a selector, because
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

from benchmarks.questions import Question


@dataclass
class Seen:
    """Seconds that were watched, each answer's latency in seconds, and one of the wrong answers if there was any."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    wrong: str | None = None


class _Caller:
    """One connection with one request under way."""

    def __init__(self, port: int, requests: Sequence[bytes], first: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self.asked = first
        self._buffer = b""

    def ask(self) -> None:
        """Send the next request."""
        self.asked = (self.asked + 1) % len(self._requests)
        self._buffer = b""
        self._sent = time.perf_counter()
        self.socket.sendall(self._requests[self.asked])

    def answer(self) -> tuple[float, bytes] | None:
        """Latency and whole response, once all of it has come; None before."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed a connection")
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or len(self._buffer) < end + 4 + _content_length(self._buffer[:end]):
            return None
        return time.perf_counter() - self._sent, self._buffer


def drive(
    port: int, questions: Sequence[Question], *, concurrency: int, seconds: float, warm_up: float, check: bool = True
) -> Seen:
    """Keep ``concurrency`` requests under way; count the answers that come after the warm-up, then check them all."""
    requests = [_request(question.body) for question in questions]
    callers = [_Caller(port, requests, index) for index in range(concurrency)]
    came: list[tuple[float, int, bytes]] = []
    with selectors.DefaultSelector() as selector:
        for caller in callers:
            selector.register(caller.socket, selectors.EVENT_READ, caller)
            caller.ask()
        _collect(selector, came, time.perf_counter() + warm_up)
        came.clear()
        start = time.perf_counter()
        end = _collect(selector, came, start + seconds)
    for caller in callers:
        caller.socket.close()
    wrong = (response for _, asked, response in came if check and not _is_right(questions[asked], response))
    found = next(wrong, None)
    return Seen(end - start, [latency for latency, _, _ in came], None if found is None else found.decode("latin-1"))


def _collect(selector: selectors.BaseSelector, came: list[tuple[float, int, bytes]], until: float) -> float:
    """Answers until a moment; returns when it ended: at that moment, or with the first answer after it."""
    now = time.perf_counter()
    while now < until:
        for key, _ in selector.select(timeout=until - now):
            caller: _Caller = key.data
            answer = caller.answer()
            if answer is not None:
                came.append((answer[0], caller.asked, answer[1]))
                caller.ask()
        now = time.perf_counter()
    return now


def _request(body: str) -> bytes:
    head = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def _is_right(question: Question, response: bytes) -> bool:
    head, _, body = response.partition(b"\r\n\r\n")
    return head.startswith(b"HTTP/1.1 200 ") and question.answered_by(body)


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


def main() -> None:
    """Carry out the orders on standard input."""
    orders = json.load(sys.stdin)
    questions = [Question(**question) for question in orders.pop("questions")]
    gc.disable()
    json.dump(asdict(drive(questions=questions, **orders)), sys.stdout)


if __name__ == "__main__":
    main()
