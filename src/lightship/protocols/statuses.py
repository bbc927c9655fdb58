"""The HTTP status of each error in each protocol."""

from __future__ import annotations

from lightship.errors import LightshipError, MethodNotAllowed, Overloaded, RangeNotSatisfiable, Unauthenticated

PROTOCOLS = ("native", "tfserving", "openinference", "mlflow")

# error code: one status for all protocols, or one for each of PROTOCOLS
STATUSES: dict[str, int | tuple[int, int, int, int]] = {
    "invalid_input": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "registry_read_only": 403,
    "not_found": 404,
    "unknown_label": (404, 400, 404, 404),
    "method_not_allowed": 405,
    "body_timeout": 408,
    "conflict": 409,
    "too_large": 413,
    "url_too_long": 414,
    "unsupported_media": 415,
    "range_not_satisfiable": 416,
    "headers_too_large": 431,
    "engine_failed": (422, 400, 400, 422),
    "unavailable": 503,
    "overloaded": 503,
    "bundle_invalid": 503,
    "registry_failed": 503,
}


def status(error: LightshipError, protocol: str) -> int:
    """Return the HTTP status of an error in a protocol.

    It is 500 for a code that is not in the table.
    """
    entry = STATUSES.get(error.code, 500)
    return entry if isinstance(entry, int) else entry[PROTOCOLS.index(protocol)]


def error_headers(error: LightshipError) -> dict[str, str]:
    """Return the headers that HTTP requires for an error, and the content type."""
    headers = {"content-type": "application/json"}
    if isinstance(error, MethodNotAllowed):
        headers["allow"] = ", ".join(error.allowed)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, RangeNotSatisfiable):
        headers["content-range"] = f"bytes */{error.size}"
    if isinstance(error, Overloaded):
        headers["retry-after"] = str(error.retry_after)
    return headers
