"""HTTP requests in Lambda events, with a reader for each service's format.

The hot path reads only the payload 2.0 of HTTP APIs; :mod:`lightship.handlers.gateway.formats` has the others.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lightship.errors import InvalidInput
from lightship.protocols.http import Request
from lightship.tensors import json_type


@dataclass(slots=True)
class HttpEvent:
    """The HTTP request of an event.

    Attributes:
        request: its path is percent-decoded once, without stage and base path; its query is percent-encoded; the values
            of a repeated header are joined by commas; :func:`read_event` adds its body, as the client sent it.
        context: a ``requestContext`` in the form of payload 2.0, including the authorizer's result.
        root: the prefix that was removed from the path.
        multi_value: whether the service expects lists of header values in the answer.
        cookies: whether the service expects cookies separate from the headers.
        encoded: the key of the event that states whether its body is base64.
    """

    request: Request
    context: Mapping[str, Any]
    root: str = ""
    multi_value: bool = False
    cookies: bool = False
    encoded: str = "isBase64Encoded"


# Returns the request in an event, without its body.
Reader = Callable[[Mapping[str, Any], str], HttpEvent]


def read_event(event: Any, base_path: str) -> HttpEvent | None:
    """Return an event's HTTP request; None if the event is not an HTTP request.

    Raises InvalidInput for an incomplete request.
    """
    context = event.get("requestContext") if type(event) is dict else None
    reader = payload_2 if type(context) is dict and "http" in context else _other_reader(event)
    if reader is None:
        return None
    try:
        read = reader(event, base_path)
        request = read.request
        text = "".join((request.method, request.path, request.query, *request.headers, *request.headers.values()))
        if not text.isascii():
            text.encode()  # fails for a lone surrogate
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fault = f"{type(error).__name__}: {str(error)[:120]}"
        raise InvalidInput(f"the event is an incomplete HTTP request ({fault})") from None
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise InvalidInput(f"the event's body must be a string, got {json_type(body)}")
    try:
        request.body = base64.b64decode(body, validate=True) if event.get(read.encoded) else body.encode()
    except ValueError as error:  # of base64 and of UTF-8
        raise InvalidInput(f"the event's body is not valid base64 or UTF-8: {error}") from None
    return read


def _other_reader(event: Any) -> Reader | None:
    from lightship.handlers.gateway.formats import reader_of  # an HTTP API needs none of them

    return reader_of(event)


def payload_2(event: Mapping[str, Any], base_path: str) -> HttpEvent:
    """Read payload 2.0; an HTTP API decodes its ``rawPath``, a Function URL does not.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    context: Mapping[str, Any] = event["requestContext"]
    stage, path = context.get("stage"), event["rawPath"]
    if "%" in path and ".lambda-url." in context.get("domainName", ""):
        path = decoded(path)
    root = ""
    if base_path or stage not in {"$default", None}:
        path, root = without_prefixes(path, stage=stage, base_path=base_path)
    headers = event.get("headers") or {}
    if "host" not in headers:  # AWS sends lower-case names, other callers may not
        headers = {name.lower(): value for name, value in headers.items()}
    if "cookies" in event:
        headers = {**headers, "cookie": "; ".join(event["cookies"])}
    method, query = context["http"]["method"], event.get("rawQueryString") or ""
    return HttpEvent(Request(method, path, query, headers), context, root, cookies=True)


def decoded(path: str) -> str:
    """Return a path with its percent-encoding removed once."""
    from urllib.parse import unquote

    return unquote(path)


def without_prefixes(path: str, *, stage: str | None, base_path: str) -> tuple[str, str]:
    """Return a path without stage and base path, and the removed prefix."""
    rest = path
    for prefix in ("" if stage in {"$default", None} else f"/{stage}", base_path):
        if prefix and (rest == prefix or rest.startswith(f"{prefix}/")):
            rest = rest[len(prefix) :] or "/"
    return rest, path.removesuffix(rest) if rest != path else ""
