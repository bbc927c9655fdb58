"""The access log: one JSON line per request, without secrets, queries, header values and bodies."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from datetime import UTC, datetime
from typing import TextIO

from lightship.telemetry.exchange import Exchange

# Longer paths are cut.
_LONGEST = 1024

# Lines that wait for an output which is slower than the server; beyond them lines are lost, and counted.
_WAITING = 10_000


def line(exchange: Exchange) -> str:
    """Return a request as one line of ASCII, control characters escaped."""
    record = {
        "time": datetime.fromtimestamp(exchange.time, UTC).isoformat(timespec="milliseconds"),
        "correlation": exchange.correlation,
        "method": exchange.method[:20],
        "path": exchange.path[:_LONGEST],
        "status": exchange.status,
        "error": exchange.refusal or None,
        "bytes": exchange.sent,
        "milliseconds": round(exchange.seconds * 1000, 3),
        "model": exchange.model or None,
        "version": exchange.version or None,
        "rows": exchange.rows,
        "caller": exchange.caller,
    }
    return json.dumps(record).replace("\x7f", "\\u007f")  # the only control character that JSON allows as it is


class AccessLog:
    """Writes lines to a text stream in a thread of its own, so that a slow reader of it does not stop the server.

    It closes the stream. Lines beyond 10,000 that wait are lost; a line ``{"lost": N}`` says so. A stream that has been
    closed before stops nothing.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: queue.Queue[Exchange | None] = queue.Queue(_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="lightship-access-log", daemon=True)
        self._thread.start()

    def __call__(self, exchange: Exchange) -> None:
        """Take one request down."""
        try:
            self._waiting.put_nowait(exchange)
        except queue.Full:
            self._lost += 1

    def close(self, seconds: float = 1.0) -> None:
        """Write what waits, for at most so many seconds."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=seconds)
            self._thread.join(seconds)

    def _write(self) -> None:
        while (exchange := self._waiting.get()) is not None:
            lines = [line(exchange)]
            if self._lost:
                lines.append(json.dumps({"lost": self._lost}))
                self._lost = 0
            with contextlib.suppress(OSError, ValueError):
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()
        with contextlib.suppress(OSError, ValueError):
            self._stream.close()
