"""A queue of single predictions: a request of any protocol in a message, answered where the message says.

What the sender got wrong is answered like anything else. What is our failure is not answered: the message comes again.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lightship import aws, protocols
from lightship.answer import Service, answer
from lightship.app.assembly import assemble
from lightship.app.body import inflate
from lightship.errors import InvalidInput, LightshipError, NotFound, TooLarge, Unavailable
from lightship.handlers import replies
from lightship.handlers.places import Places
from lightship.handlers.queues import Message, Queue, expect
from lightship.handlers.replies import Address, Post
from lightship.jobs import messages
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.settings import MEBIBYTE, Settings


@dataclass(frozen=True)
class Desk:
    """What answering takes: the models, the ways out, and how many bytes a body may have when it is inflated."""

    service: Service
    post: Post
    max_body: int = 10 * MEBIBYTE


@dataclass(frozen=True)
class Order:
    """A message as far as it can be understood: ``wrong`` is what keeps it from being a request."""

    id: str
    to: Address
    request: Request
    wrong: LightshipError | None = None


def work(message: Message, desk: Desk) -> str:
    """Answer one message; returns answered or refused. Raises Unavailable for an answer that is our own failure."""
    order = _read(message, desk)
    response = _respond(order, desk.service)
    if response.status >= 500:
        raise Unavailable(f"the answer would have been {response.status}")
    record = _record(order, response, message.correlation)
    if order.to.limit and len(json.dumps(record)) > order.to.limit:
        error = TooLarge(
            f"the answer is larger than the {order.to.limit} bytes that can be sent there: have it put into S3"
        )
        record = _record(order, protocols.render_error(error, order.request.path), message.correlation)
    replies.send(order.to, record, desk.post, group=message.group)
    return "answered" if record["status"] < 400 else "refused"


def _read(message: Message, desk: Desk) -> Order:
    """Never fails: somebody who cannot be understood gets an event that says so."""
    nowhere, nothing = replies.address(None, message.id, desk.post), Request("POST", "")
    try:
        body = expect(message.body(), "request")
        identity = body.get("id", message.id)
        if not isinstance(identity, str) or not 0 < len(identity) <= 128 or not identity.isprintable():
            raise InvalidInput("'id' must be a text of 1 to 128 printable characters")
    except InvalidInput as error:
        return Order(message.id, nowhere, nothing, error)
    try:
        to = replies.address(body.get("reply"), identity, desk.post)
    except InvalidInput as error:
        return Order(identity, nowhere, nothing, error)
    try:
        return Order(identity, to, _request(body.get("request"), message.sender, desk.max_body))
    except LightshipError as error:
        return Order(identity, to, nothing, error)


def _request(record: Any, sender: str, max_body: int) -> Request:
    """A request from its record; raises InvalidInput, TooLarge or UnsupportedMedia."""
    if not isinstance(record, dict):
        raise InvalidInput("'request' must be an object with method, path, headers and body or body_base64")
    path, method, headers = record.get("path"), record.get("method", "POST"), record.get("headers") or {}
    if not isinstance(path, str) or not path.startswith("/") or not isinstance(method, str):
        raise InvalidInput("'request' must have a path such as /predict, and may have a method")
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise InvalidInput("'request.headers' must be an object of texts")
    try:
        "".join([path, method, *headers, *headers.values()]).encode()
    except UnicodeEncodeError:  # JSON can escape half of a character, and no error could quote it
        raise InvalidInput("'request' must have a path, a method and headers of whole characters") from None
    lower = {name.lower(): value for name, value in headers.items()}
    path, _, query = path.partition("?")
    body = inflate(_body(record), lower, max_body)
    return Request(method.upper(), path, query, lower, body, caller=f"queue:{sender}")


def _body(record: Mapping[str, Any]) -> bytes:
    """The body's bytes; one that is JSON in the message itself is that JSON."""
    try:
        if "body_base64" in record:
            return base64.b64decode(record["body_base64"], validate=True)
        body = record.get("body", "")
        return (body if isinstance(body, str) else json.dumps(body)).encode()
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput("'request' must have its body as a text, as JSON, or as body_base64") from None


def _respond(order: Order, service: Service) -> Response:
    if order.wrong is not None:
        return protocols.render_error(order.wrong, order.request.path)
    response = asyncio.run(answer(service, order.request))
    if response is None:
        error = NotFound(f"there is nothing at {order.request.path[:120]}")
        return protocols.render_error(error, order.request.path)
    return response


def _record(order: Order, response: Response, correlation: str) -> dict[str, Any]:
    try:
        body = {"body": response.body.decode()}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(response.body).decode()}
    head = {"schema": messages.SCHEMA, "id": order.id, "correlation": correlation, "status": response.status}
    return {**head, "headers": dict(response.headers), **body}


@cache
def _desk() -> Desk:
    """Made with the default model loaded: what is wrong with it, a request will say."""
    settings = Settings.from_environment()
    catalogue, _ = assemble(settings, Registry(settings.registry, cache=settings.cache), threads=0, max_answer=0)
    with contextlib.suppress(LightshipError):
        catalogue.load(catalogue.default_name())
    post = Post(Places.from_environment(), aws.client("s3"), aws.client("sqs"), aws.client("events"))
    return Desk(Service(catalogue), post, settings.max_body)


handler = Queue("requests", lambda message: work(message, _desk()))
