"""ASGI messages: types, and functions that build and change messages and headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import partial
from http import HTTPStatus
from typing import Any

from lightship import protocols
from lightship.protocols.http import FilePart, Request, Response
from lightship.protocols.security import DATA_POLICY, security_headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
InThread = Callable[[Callable[[], bytes]], Awaitable[bytes]]
Headers = Iterable[tuple[bytes, bytes]]

_ID = b"x-correlation-id"
_SECURITY_HEADERS = [(name.encode(), value.encode()) for name, value in security_headers(DATA_POLICY).items()]


async def send_response(send: Send, response: Response) -> None:
    """Send a response as two messages."""
    await send(_start(response))
    await send({"type": "http.response.body", "body": response.body})


async def send_file(send: Send, response: Response, part: FilePart, in_thread: InThread) -> None:
    """Send a response whose body is a file, one block at a time, read in threads."""
    await send(_start(response))
    blocks = part.blocks()
    while block := await in_thread(partial(next, blocks, b"")):
        await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _start(response: Response) -> Message:
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    if "content-length" not in response.headers and response.status != HTTPStatus.NOT_MODIFIED:
        headers.append((b"content-length", str(len(response.body)).encode()))
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive that yields a body already read, then what ``receive`` yields."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def with_headers(headers: Headers, added: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return a response's headers with others added; ``Vary`` keeps its values."""
    headers = list(headers)
    vary = [value.decode("latin-1") for name, value in headers if name.lower() == b"vary" and "vary" in added]
    texts = {**added, **({"vary": ", ".join([*vary, added["vary"]])} if vary else {})}
    kept = [(name, value) for name, value in headers if name.decode("latin-1").lower() not in texts]
    return [*kept, *((name.encode("latin-1"), value.encode("latin-1")) for name, value in texts.items())]


def with_security_headers(request: Request, headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return a response's headers with the correlation id and the security headers.

    Security headers that the response already has are kept. Responses of protocols get the id only.
    """
    kept = [(name, value) for name, value in headers if name.lower() != _ID]
    present = {name.lower() for name, _ in kept}
    security = (
        [] if protocols.owner(request.path) else [header for header in _SECURITY_HEADERS if header[0] not in present]
    )
    return [*kept, *security, (_ID, request.correlation.encode())]


def with_body(headers: Headers, body: bytes) -> list[tuple[bytes, bytes]]:
    """Return a request's headers after its body was decompressed."""
    kept = [(name, value) for name, value in headers if name not in {b"content-encoding", b"content-length"}]
    return [*kept, (b"content-length", str(len(body)).encode())]


def route_path(scope: Scope) -> str:
    """Return a path without ``root_path``, the prefix of an ASGI server or gateway."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] or "/" if root and (path == root or path.startswith(f"{root}/")) else path


def unslashed(scope: Scope) -> str:
    """Return the last segment of ``root_path`` if that is the whole path.

    The client then left out the final slash. Otherwise empty.
    """
    root: str = scope.get("root_path", "")
    return root.rpartition("/")[2] if root == scope["path"] else ""
