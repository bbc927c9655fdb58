"""Events that are not HTTP requests: direct invocations, warmers and schedules.

The answer is the record itself, without a status: ``{"model", "version", "predictions", …}`` or ``{"error": …}``; a
warmer gets ``{"status": "live"}``. Any other event is answered with an error that lists the supported events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from lightship.dispatch.callers import UNKNOWN
from lightship.errors import InvalidInput, LightshipError
from lightship.protocols.http import Request, Response
from lightship.tensors import json_type

_LOG = logging.getLogger(__name__)

_INPUT_KEYS = frozenset({"input", "inputs"})
_SCHEDULERS = frozenset({"aws.events", "aws.scheduler"})

Dispatch = Callable[[Request], Response | None]


def answer(event: Any, request_id: str, *, dispatch: Dispatch, default_name: Callable[[], str]) -> dict[str, Any]:
    """Answer an event that is not an HTTP request.

    ``dispatch`` answers a request of the native protocol. AWS has authorised the invocation (lambda:InvokeFunction), so
    no token is required.
    """
    try:
        if isinstance(event, dict):
            if not _INPUT_KEYS.isdisjoint(event):
                return _predict(event, request_id, dispatch, default_name)
            if _is_warmer(event):
                return {"status": "live"}
        raise InvalidInput(_unsupported(event))
    except LightshipError as error:
        _LOG.warning("refused an event: %s, request %s", error.message, request_id or "unknown")
        return {"error": {"code": error.code, "message": error.message}}


def _predict(
    event: Mapping[str, Any], request_id: str, dispatch: Dispatch, default_name: Callable[[], str]
) -> dict[str, Any]:
    name, version = event.get("model"), event.get("version")
    if name is not None and (not isinstance(name, str) or "/" in name):
        raise InvalidInput("\"model\" must be a model's name, a string without '/'")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int | str)):
        raise InvalidInput('"version" must be an integer of at least 1')
    try:
        path = f"/models/{name or default_name()}{'' if version is None else f'/versions/{version}'}/predict"
        path.encode()
        body = orjson.dumps({key: value for key, value in event.items() if key not in {"model", "version"}})
    except (TypeError, UnicodeEncodeError) as error:  # integers beyond 64 bits, lone surrogates
        raise InvalidInput(f"the event cannot be written as JSON: {error}") from None
    response = dispatch(Request("POST", path, body=body, caller=UNKNOWN, id=request_id))
    if response is None:
        raise InvalidInput('"version" must be an integer of at least 1')
    record: dict[str, Any] = orjson.loads(response.body)
    return record


def _is_warmer(event: Mapping[str, Any]) -> bool:
    """Return whether an event only keeps the function warm.

    Recognised are EventBridge's scheduled events, a source that contains ``warm``, as ``serverless-plugin-warmup``, and
    without a source a key that begins with ``warm``, as ``{"warmer": true}``.
    """
    source = event.get("source")
    return (
        source in _SCHEDULERS
        if event.get("detail-type") == "Scheduled Event"
        else "warm" in source.lower()
        if isinstance(source, str)
        else any(key.lower().startswith("warm") for key in event)
    )


def _unsupported(event: Any) -> str:
    expected = 'send an HTTP event of API Gateway, a Function URL, a load balancer or VPC Lattice, or {"input": …}'
    if not isinstance(event, dict):
        return f"the event is {json_type(event)}, not an object: {expected}"
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records and isinstance(records[0], dict) else {}
    source = event.get("source") or first.get("eventSource") or first.get("EventSource")
    named = f" of {str(source)[:80]}" if source else ""
    keys = ", ".join(map(repr, list(event)[:8])) or "none"
    return f"this function does not support events{named} with the keys {keys}: {expected}"
