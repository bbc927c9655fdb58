"""What observers see of a request: for servers, and for the Lambda handler, which imports no event loop."""

from __future__ import annotations

from lightship.protocols.http import Request
from lightship.telemetry.exchange import Exchange


def exchange_of(request: Request, status: int, came: float, seconds: float, sent: int = 0) -> Exchange:
    """Return a request and its response as observers see them."""
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
        came,
        seconds,
        sent,
    )
