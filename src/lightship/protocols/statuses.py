"""Which HTTP status each error has in each protocol: the one table."""

from __future__ import annotations

from lightship.errors import LightshipError, MethodNotAllowed, Overloaded, Unauthenticated

PROTOCOLS = ("native", "tfserving", "openinference", "mlflow")

# code: one status for all, or one for each of PROTOCOLS
STATUSES: dict[str, int | tuple[int, int, int, int]] = {
    "invalid_input": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "unknown_label": (404, 400, 404, 404),
    "method_not_allowed": 405,
    "body_timeout": 408,
    "too_large": 413,
    "url_too_long": 414,
    "unsupported_media": 415,
    "headers_too_large": 431,
    "engine_failed": (422, 400, 400, 422),
    "unavailable": 503,
    "overloaded": 503,
    "bundle_invalid": 503,
    "registry_failed": 503,
}


def status(error: LightshipError, protocol: str) -> int:
    """The HTTP status of an error in a protocol; 500 for a code that the table does not have."""
    entry = STATUSES.get(error.code, 500)
    return entry if isinstance(entry, int) else entry[PROTOCOLS.index(protocol)]


def error_headers(error: LightshipError) -> dict[str, str]:
    """The headers that HTTP itself asks for beside a JSON error."""
    headers = {"content-type": "application/json"}
    if isinstance(error, MethodNotAllowed):
        headers["allow"] = ", ".join(error.allowed)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, Overloaded):
        headers["retry-after"] = str(error.retry_after)
    return headers
