"""One request and its response, as logs and metrics see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Exchange(NamedTuple):
    """A request and its response, without the query, the body and the values of headers.

    Attributes:
        method: of HTTP, as the client sent it.
        path: without the query.
        route: the path's template, as ``/models/{name}/predict``; empty where nothing has the path.
        status: of the response; 0 where the client closed the connection before there was one.
        refusal: the code of the error that refused it; empty where none did.
        model: the model that was asked; empty where none was found. ``version`` is 0 then.
        version: of that model.
        rows: how many rows it was asked for.
        caller: ``anonymous``, ``token`` or the caller in API Gateway's event; None for a client without the token.
        correlation: the value of the response's ``x-correlation-id``.
        time: when it came, as a Unix time in seconds.
        seconds: from the head of the request until the response is complete.
        sent: bytes of the response's body.
    """

    method: str
    path: str
    route: str
    status: int
    refusal: str
    model: str
    version: int
    rows: int
    caller: str | None
    correlation: str
    time: float
    seconds: float
    sent: int = 0


Observer = Callable[[Exchange], None]
