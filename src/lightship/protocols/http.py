"""HTTP as the protocols see it: plain values, no server and no framework."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lightship.bundle import Manifest
from lightship.calls import Call, ModelState
from lightship.errors import LightshipError

# The value of Cache-Control of an answer whose clients cannot decompress it (RFC 9111, 5.2.2.6).
NO_TRANSFORM = "no-transform"

_JSON = {"content-type": "application/json"}
_CORRELATION = re.compile(r"[!-~]{1,128}")


@dataclass(slots=True)  # read sooner than a named tuple, and made sooner than a frozen one: so all nouns of a request
class Request:
    """One request; header names are in lower case, the body is inflated, ``caller`` is None for a stranger.

    ``id`` is what API Gateway calls it, empty where nothing did. The last five are found out while it is answered: its
    route, the version that was asked with how many rows, and the code of the error that refused it.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    caller: str | None = None
    id: str = ""
    route: str = ""
    model: str = ""
    version: int = 0
    rows: int = 0
    refusal: str = ""

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case; empty where none is stated."""
        stated = self.headers.get("content-type", "")
        return stated if stated == "application/json" else stated.partition(";")[0].strip().lower()

    @property
    def media_parameters(self) -> dict[str, str]:
        """The content type's parameters: names in lower case, values without their quotes."""
        _, *stated = self.headers.get("content-type", "").split(";")
        pairs = [parameter.partition("=") for parameter in stated]
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}

    @property
    def correlation(self) -> str:
        """The id by which logs and jobs name it: its header ``x-correlation-id``, else ``id``; empty without both.

        A header that is not 1 to 128 printable ASCII characters without spaces counts for nothing: it goes into logs.
        """
        given = self.headers.get("x-correlation-id", "")
        return given if given and _CORRELATION.fullmatch(given) else self.id


@dataclass(slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=_JSON.copy)


class Route(NamedTuple):
    """One line of a protocol's table.

    Attributes:
        method: in upper case.
        path: with ``{name}`` and ``{version}`` where a segment is a parameter.
        operation: what is done: a key of :data:`lightship.dispatch.dispatcher.OPERATIONS`.
        scope: what the caller must be allowed: ``predict``, ``read``, ``admin``, which a server has to be told to
            allow, or ``open`` for everyone.
        decode: a request as a call for a model with this manifest (only for the operation ``predict``).
        encode: the operation's outcome as a response.
        describe: the OpenAPI paths that this route adds, given the models there are.
        check: raises InvalidInput for a body that the operation cannot do; asked before it begins.
        expression: a regular expression with the parameters as groups, where ``path`` alone does not say which paths
            are meant.
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
        """What paths must match as a whole, with the parameters as groups."""
        return re.compile(self.expression or re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", self.path), re.DOTALL)


class WireProtocol(NamedTuple):
    """A protocol: its name, its routes, and how it says that something failed."""

    name: str
    routes: tuple[Route, ...]
    error: Callable[[LightshipError], Response]
