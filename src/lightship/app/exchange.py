"""A request and its response as observers see them.

A module of its own, because the Lambda handler imports no event loop.
"""

from __future__ import annotations

from lightship.protocols.http import Request
from lightship.telemetry.exchange import Exchange


def exchange_of(request: Request, status: int, received: float, seconds: float, sent: int = 0) -> Exchange:
    """Return a request and its response in the form for observers."""
    return Exchange(
        request.method,
        request.path,
        request.route,
        status,
        request.refusal,
        request.model,
        request.version,
        request.rows,
        request.caller,
        request.correlation,
        received,
        seconds,
        sent,
    )
