"""The access log: one JSON line per request.

It contains no secrets, queries, header values or bodies.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from datetime import UTC, datetime
from typing import TextIO

from lightship.telemetry.exchange import Exchange

# Longer paths are truncated.
_LONGEST = 1024

# Lines that wait for an output slower than the server; further lines are dropped and counted.
_WAITING = 10_000


def line(exchange: Exchange) -> str:
    """Return a request as one line of ASCII, with control characters escaped."""
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
    return json.dumps(record).replace("\x7f", "\\u007f")  # the only control character that JSON permits unescaped


class AccessLog:
    """A log written to a text stream in its own thread, without blocking requests.

    :meth:`close` closes the stream. While more than 10,000 lines wait, further lines are dropped, and a line
    ``{"lost": N}`` reports them. Writing to a stream that is already closed has no effect.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: queue.Queue[Exchange | None] = queue.Queue(_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="lightship-access-log", daemon=True)
        self._thread.start()

    def __call__(self, exchange: Exchange) -> None:
        """Queue one request for the log."""
        try:
            self._waiting.put_nowait(exchange)
        except queue.Full:
            self._lost += 1

    def close(self, seconds: float = 1.0) -> None:
        """Write the waiting lines, for at most ``seconds``."""
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
