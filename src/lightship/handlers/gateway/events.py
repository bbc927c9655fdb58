"""HTTP requests in Lambda events.

Payload 2.0, of HTTP APIs and Function URLs, is read here; :mod:`lightship.handlers.gateway.formats` converts the
formats of other services to it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.errors import InvalidInput
from lightship.protocols.http import Request
from lightship.tensors import json_type

# Stages that are not part of the path; other callers of the function may send none.
_NO_STAGE = frozenset({"$default", None})


@dataclass(slots=True)
class HttpEvent:
    """The HTTP request of an event.

    Attributes:
        request: its path is percent-decoded once, without stage and base path; its query is percent-encoded; the values
            of a repeated header are joined by commas; its body is as the client sent it.
        context: a ``requestContext`` in the form of payload 2.0, including the authorizer's result.
        root: the prefix that was removed from the path.
        multi_value: whether the service expects lists of header values in the answer.
        cookies: whether the service expects cookies separate from the headers.
    """

    request: Request
    context: Mapping[str, Any]
    root: str = ""
    multi_value: bool = False
    cookies: bool = False


def read_event(event: Any, base_path: str) -> HttpEvent | None:
    """Return an event's HTTP request; None if the event is not an HTTP request.

    An HTTP API decodes ``rawPath``, a Function URL does not. Raises InvalidInput for an incomplete request.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    context = event.get("requestContext") if type(event) is dict else None
    if type(context) is not dict or "http" not in context:
        return _read_other(event, base_path)
    try:
        path, root, headers = event["rawPath"], "", event.get("headers") or {}
        if base_path or "%" in path or context.get("stage") not in _NO_STAGE:
            path, root = _inner_path(path, context, base_path)
        if "host" not in headers:  # AWS sends lower-case names, other callers may not
            headers = {name.lower(): value for name, value in headers.items()}
        if "cookies" in event:
            headers = {**headers, "cookie": "; ".join(event["cookies"])}
        request = Request(context["http"]["method"], path, event.get("rawQueryString") or "", headers)
        if root and root == event["rawPath"]:
            request.unslashed = root.rpartition("/")[2]
        text = "".join((request.method, path, request.query, *headers, *headers.values()))
        if not text.isascii():
            text.encode()  # fails for a lone surrogate
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _incomplete(error) from None
    if body := event.get("body"):
        plain = type(body) is str and body.isascii() and not event.get("isBase64Encoded")
        request.body = body.encode() if plain else _decoded_body(body, encoded=event.get("isBase64Encoded"))
    return HttpEvent(request, context, root, cookies=True)


def _read_other(event: Any, base_path: str) -> HttpEvent | None:
    """Read an event of another format, converted to payload 2.0."""
    from lightship.handlers.gateway.formats import to_payload_2, wants_lists  # an HTTP API needs none of them

    try:
        converted = to_payload_2(event)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _incomplete(error) from None
    read = None if converted is None else read_event(converted, base_path)
    if read is not None:
        read.cookies, read.multi_value = False, wants_lists(event)
    return read


def _incomplete(error: Exception) -> InvalidInput:
    fault = f"{type(error).__name__}: {str(error)[:120]}"
    return InvalidInput(f"the event is an incomplete HTTP request ({fault})")


def _decoded_body(body: Any, *, encoded: Any) -> bytes:
    """Return a body that is base64 or not ASCII; raises InvalidInput."""
    if not isinstance(body, str):
        raise InvalidInput(f"the event's body must be a string, got {json_type(body)}")
    try:
        return base64.b64decode(body, validate=True) if encoded else body.encode()
    except ValueError as error:  # of base64 and of UTF-8
        raise InvalidInput(f"the event's body is not valid base64 or UTF-8: {error}") from None


def decoded(path: str) -> str:
    """Return a path with its percent-encoding removed once."""
    from urllib.parse import unquote

    return unquote(path)


def _inner_path(path: str, context: Mapping[str, Any], base_path: str) -> tuple[str, str]:
    """Return a path, decoded and without stage and base path, and the removed prefix."""
    if "%" in path and ".lambda-url." in context.get("domainName", ""):
        path = decoded(path)
    rest, stage = path, context.get("stage")
    for prefix in ("" if stage in _NO_STAGE else f"/{stage}", base_path):
        if prefix and (rest == prefix or rest.startswith(f"{prefix}/")):
            rest = rest[len(prefix) :] or "/"
    return rest, path.removesuffix(rest) if rest != path else ""
