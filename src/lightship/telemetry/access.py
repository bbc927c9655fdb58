"""The access log: one JSON line per request, without secrets, queries, header values and bodies."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict, dataclass

# Longer paths are cut.
_LONGEST = 1024


@dataclass(slots=True)
class Access:
    """One request and its response.

    Attributes:
        time: when it came, ISO 8601 in UTC.
        correlation: the value of the response's ``x-correlation-id``.
        method: of HTTP.
        path: without the query.
        status: of the response; 0 where the client closed the connection before there was one.
        bytes: the length of the response's body.
        milliseconds: from the head of the request to the end of the response.
        model: the model that answered, None where none did; ``version`` likewise.
        caller: ``anonymous`` or ``token``; None for a caller without the token.
    """

    time: str
    correlation: str
    method: str
    path: str
    status: int = 0
    bytes: int = 0
    milliseconds: float = 0.0
    model: str | None = None
    version: int | None = None
    caller: str | None = None

    def line(self) -> str:
        """Return it as one line of ASCII, control characters escaped."""
        record = {**asdict(self), "method": self.method[:20], "path": self.path[:_LONGEST]}
        return json.dumps(record).replace("\x7f", "\\u007f")  # the only control character that JSON allows as it is


def write(access: Access) -> None:
    """Write a line to the standard output. A closed output does not fail the request."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(access.line() + "\n")
        sys.stdout.flush()
