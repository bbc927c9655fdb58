"""HTTP requests, responses and routes as plain values, without a framework."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from lightship.bundle import Manifest
from lightship.calls import Call, ModelSelector, ModelState
from lightship.errors import LightshipError, NotFound
from lightship.regular_files import open_regular
from lightship.settings import Settings

# Cache-Control of a response whose clients cannot decompress it (RFC 9111, 5.2.2.6).
NO_TRANSFORM = "no-transform"

# The header of the key that assigns a client to a version of a traffic split.
_CALLER = "lightship-caller"

# Bytes of a file in memory at a time.
_BLOCK = 256 * 1024

_JSON = {"content-type": "application/json"}
_CORRELATION = re.compile(r"[!-~]{1,128}")


@dataclass(slots=True)  # faster access than a named tuple, faster creation than a frozen dataclass
class Request:
    """One request; header names are in lower case.

    ``body`` is decompressed once the request is admitted, ``caller`` is None for an unauthenticated client, ``id`` is
    API Gateway's request id, or a random one that admission sets. ``unslashed`` is the last segment of a prefix (stage,
    base path) that was requested without a final slash, which ``path`` has; otherwise empty. The last five fields are
    set while the request is answered: its route, its model, version and number of rows, and the code of the error that
    refused it.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    caller: str | None = None
    id: str = ""
    unslashed: str = ""
    route: str = ""
    model: str = ""
    version: int = 0
    rows: int = 0
    refusal: str = ""

    @property
    def media_type(self) -> str:
        """Return the content type without parameters, in lower case; empty if missing."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def media_parameters(self) -> dict[str, str]:
        """Return the content type's parameters: lower-case names, unquoted values."""
        _, *stated = self.headers.get("content-type", "").split(";")
        pairs = [parameter.partition("=") for parameter in stated]
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}

    @property
    def correlation(self) -> str:
        """Return the correlation id for logs and jobs.

        It is the header ``x-correlation-id``, else ``id``; may be empty. A header that is not 1 to 128 printable ASCII
        characters without spaces is ignored, because the value is written to logs.
        """
        header = self.headers.get("x-correlation-id", "")
        return header if header and _CORRELATION.fullmatch(header) else self.id

    def traffic_key(self) -> bytes:
        """Return the key that assigns the client to a version of a traffic split.

        It is the header ``lightship-caller``, else the body.
        """
        return self.headers.get(_CALLER, "").encode() or self.body


class FilePart(NamedTuple):
    """Bytes of a file on this machine."""

    path: Path
    start: int
    length: int

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes in blocks; raises OSError where the file became shorter."""
        with open_regular(self.path) as file:
            file.seek(self.start)
            left = self.length
            while left:
                block = file.read(min(left, _BLOCK))
                if not block:
                    raise OSError(f"{self.path} became shorter while it was sent")
                left -= len(block)
                yield block


@dataclass(slots=True)
class Response:
    """One response.

    With a ``file``, its body is that part of a file, ``body`` is empty, and the headers have its Content-Length.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=_JSON.copy)
    file: FilePart | None = None

    def in_memory(self) -> Response:
        """Return the response with the file's bytes as its body."""
        if self.file is None:
            return self
        return Response(self.status, b"".join(self.file.blocks()), self.headers)


class Route(NamedTuple):
    """One route of a protocol.

    Attributes:
        method: in upper case.
        path: with ``{name}`` and ``{version}`` where a segment is a parameter.
        operation: ``predict``, or a key of :data:`lightship.dispatch.operations.OPERATIONS`.
        scope: the required permission: ``predict``, ``explain``, ``read``, ``admin`` (servers allow it by a setting
            only), or ``open`` for routes without authentication.
        decode: returns the call in a request, for a model with this manifest (only for the operations ``predict`` and
            ``explain``).
        encode: returns the operation's result as a response.
        describe: returns the OpenAPI paths that this route adds, for these models.
        check: raises InvalidInput for a body that the operation does not support; called before it starts.
        expression: a regular expression with the parameters as groups, where ``path`` alone does not determine which
            paths match.
    """

    method: str
    path: str
    operation: str
    scope: str
    encode: Callable[[Any], Response]
    decode: Callable[[Request, Manifest], Call] | None = None
    describe: Callable[[Route, Sequence[ModelState]], dict[str, Any]] = lambda route, models: {}
    expression: str = ""
    check: Callable[[Request], None] | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the expression that whole paths must match, parameters as groups."""
        return _compiled(self.path, self.expression)

    def parameters(self, path: str) -> dict[str, str] | None:
        """Return the parameters in a path; None where it is not a path of the route."""
        if not self.expression and "{" not in self.path:  # the most frequent paths need no expression
            return {} if path == self.path else None
        matched = self.pattern.fullmatch(path)
        return None if matched is None else matched.groupdict()


@cache
def _compiled(path: str, expression: str) -> re.Pattern[str]:
    plain = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/:]+)", re.escape(path))
    return re.compile(expression or plain, re.DOTALL)


@dataclass(frozen=True)
class Matched:
    """The route of a method and path, and the parameters in the path."""

    route: Route
    parameters: Mapping[str, str]

    @cached_property
    def selector(self) -> ModelSelector:
        """Return the model and version that the path selects.

        Raises NotFound for a version that is not an integer from 1.
        """
        text = self.parameters.get("version")
        if text is not None and not (text.isascii() and text.isdecimal() and len(text) <= 18 and int(text) > 0):
            raise NotFound(f"'{text[:40]}' is not a version: versions are numbers from 1")
        version = None if text is None else int(text)
        return ModelSelector(self.parameters.get("name"), version, self.parameters.get("label"))


class PageRequest(NamedTuple):
    """A request to the web application, its parameters and the server's settings.

    Routes of the operation ``page`` encode it.
    """

    request: Request
    parameters: Mapping[str, str]
    settings: Settings


class WireProtocol(NamedTuple):
    """A protocol: its name, its routes, and the format of its errors."""

    name: str
    routes: tuple[Route, ...]
    error: Callable[[LightshipError], Response]
