"""Queue of single predictions: each message holds a request of any protocol.

The answer goes to the destination that the message names. Client errors are answered too; an internal error is not
answered, and the message is redelivered.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lightship import aws, protocols
from lightship.app.core import assemble
from lightship.aws.stack import StackSettings
from lightship.dispatch.dispatcher import Dispatcher
from lightship.dispatch.inflate import inflate
from lightship.errors import InvalidInput, LightshipError, NotFound, TooLarge, Unavailable
from lightship.handlers import replies
from lightship.handlers.queues import Message, QueueHandler
from lightship.handlers.replies import Address, ReplyClients
from lightship.jobs import messages
from lightship.protocols.http import Request, Response
from lightship.settings import MEBIBYTE, Settings


@dataclass(frozen=True)
class Services:
    """What answering needs: models, reply clients, and the limit of a body.

    ``max_body`` is in bytes after decompression.
    """

    dispatcher: Dispatcher
    clients: ReplyClients
    max_body: int = 10 * MEBIBYTE


@dataclass(frozen=True)
class QueuedRequest:
    """A parsed message; ``error`` is why it holds no valid request."""

    id: str
    to: Address
    request: Request
    error: LightshipError | None = None


def work(message: Message, services: Services) -> str:
    """Answer one message; returns answered or refused.

    Raises Unavailable instead of answering with an internal error.
    """
    queued = _read(message, services)
    response = _respond(queued, services.dispatcher)
    if response.status >= 500:
        raise Unavailable(f"the answer would have been {response.status}")
    record = _record(queued, response, message.correlation)
    if queued.to.limit and len(json.dumps(record)) > queued.to.limit:
        error = TooLarge(
            f"the answer exceeds the {queued.to.limit} bytes of this kind of reply: set 'reply' to an S3 prefix"
        )
        record = _record(queued, protocols.render_error(error, queued.request.path), message.correlation)
    replies.send(queued.to, record, services.clients, group=message.group)
    return "answered" if record["status"] < 400 else "refused"


def _read(message: Message, services: Services) -> QueuedRequest:
    """Return the request of a message, or its error if the message is invalid."""
    default, empty = replies.address(None, message.id, services.clients), Request("POST", "")
    try:
        body = message.body()
        messages.check(body, "request")
        identity = body.get("id", message.id)
        if not isinstance(identity, str) or not 0 < len(identity) <= 128 or not identity.isprintable():
            raise InvalidInput("'id' must be a string of 1 to 128 printable characters")
    except InvalidInput as error:
        return QueuedRequest(message.id, default, empty, error)
    try:
        to = replies.address(body.get("reply"), identity, services.clients)
    except InvalidInput as error:
        return QueuedRequest(identity, default, empty, error)
    try:
        return QueuedRequest(identity, to, _request(body.get("request"), message.sender, services.max_body))
    except LightshipError as error:
        return QueuedRequest(identity, to, empty, error)


def _request(record: Any, sender: str, max_body: int) -> Request:
    """Return a request from its record.

    Raises InvalidInput, TooLarge or UnsupportedMedia.
    """
    if not isinstance(record, dict):
        raise InvalidInput("'request' must be an object with method, path, headers, and body or body_base64")
    path, method, headers = record.get("path"), record.get("method", "POST"), record.get("headers") or {}
    if not isinstance(path, str) or not path.startswith("/") or not isinstance(method, str):
        raise InvalidInput("'request.path' must be a path such as /predict, and 'request.method' a string")
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise InvalidInput("'request.headers' must be an object whose values are strings")
    try:
        "".join([path, method, *headers, *headers.values()]).encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can escape and no error message can quote
        raise InvalidInput("'request' has a lone surrogate (\\ud800 to \\udfff) in path, method or headers") from None
    lower = {name.lower(): value for name, value in headers.items()}
    path, _, query = path.partition("?")
    body = inflate(_body(record), lower, max_body)
    return Request(method.upper(), path, query, lower, body, caller=f"queue:{sender}")


def _body(record: Mapping[str, Any]) -> bytes:
    """Return the body's bytes; a body that is a JSON value is serialised."""
    try:
        if "body_base64" in record:
            return base64.b64decode(record["body_base64"], validate=True)
        body = record.get("body", "")
        return (body if isinstance(body, str) else json.dumps(body)).encode()
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput("'request' must have its body as a string, as JSON, or in base64 as body_base64") from None


def _respond(queued: QueuedRequest, dispatcher: Dispatcher) -> Response:
    if queued.error is not None:
        return protocols.render_error(queued.error, queued.request.path)
    response = dispatcher.answer(queued.request)
    if response is None:
        error = NotFound(f"no route {queued.request.path[:120]}")
        return protocols.render_error(error, queued.request.path)
    return response


def _record(queued: QueuedRequest, response: Response, correlation: str) -> dict[str, Any]:
    try:
        body = {"body": response.body.decode()}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(response.body).decode()}
    head = {"schema": messages.SCHEMA, "id": queued.id, "correlation": correlation, "status": response.status}
    return {**head, "headers": dict(response.headers), **body}


@cache
def _services() -> Services:
    """Return the services with the default model loaded.

    If loading fails, requests report the reason.
    """
    settings = Settings.from_environment()
    core = assemble(settings._replace(max_answer=0), threads=False)
    core.serving.load_default()
    clients = ReplyClients(
        StackSettings.from_environment(os.environ), aws.client("s3"), aws.client("sqs"), aws.client("events")
    )
    return Services(core.entry.dispatcher, clients, settings.max_body)


handler = QueueHandler("requests", lambda message: work(message, _services()))
