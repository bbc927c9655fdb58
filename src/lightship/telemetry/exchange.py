"""One request and its response, for logs and metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Exchange(NamedTuple):
    """A request and its response, without query, body and header values.

    Attributes:
        method: the HTTP method that the client sent.
        path: without the query.
        route: the path's template, as ``/models/{name}/predict``; empty where no route matches.
        status: of the response; 0 where the client closed the connection before it.
        refusal: the code of the error that refused the request; empty without an error.
        model: the model of the request; empty where none was found. ``version`` is 0 then.
        version: of that model.
        rows: the number of rows in the request; 0 where it was not decoded.
        caller: ``anonymous``, ``token`` or the caller in API Gateway's event; None for a client without the token.
        correlation: the value of the response's ``x-correlation-id``.
        time: when the request arrived, as a Unix time in seconds.
        seconds: from the head of the request until the response was complete.
        sent: bytes of the response's body that were sent; 0 on Lambda.
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
