"""Translate the errors of a route to one sentence in the native protocol's shape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from lightship import aws, protocols
from lightship.app.asgi import ADMITTED
from lightship.app.messages import route_path
from lightship.dispatch.dispatcher import internal_error
from lightship.errors import InvalidInput, LightshipError, Unavailable, UnsupportedMedia
from lightship.protocols.json import read_object

_LOG = logging.getLogger(__name__)


class Route(APIRoute):
    """A route whose errors are all ours. Its JSON is read as the protocols' is, before FastAPI reads it again."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, within ours."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                if self.body_field is not None:
                    check_json(await request.body(), request.headers.get("content-type", ""))
                return await handle(request)
            except LightshipError as error:
                return render(error, request)
            except RequestValidationError as error:
                return render(InvalidInput(sentence(error.errors())), request)
            except HTTPException as error:
                return render(InvalidInput(str(error.detail)), request)
            except Exception as error:
                names = (request.method, request.url.path, request.state.correlation)
                _LOG.exception("%s %s failed, correlation %s", *names)
                return render(_ours(error), request)

        return answer


def render(error: LightshipError, request: Request) -> Response:
    """An error as FastAPI's response."""
    request.scope[ADMITTED].request.refusal = error.code
    response = protocols.render_error(error, route_path(request.scope))
    return Response(response.body, response.status, dict(response.headers))


def check_json(body: bytes, content_type: str) -> None:
    """Raises UnsupportedMedia or InvalidInput unless a body is a JSON object and says so, or says nothing."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in {"", "application/json"}:
        raise UnsupportedMedia(f"the body's type is {media_type[:80]}: this takes application/json")
    read_object(body)


def sentence(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors in one sentence: where it is, and what is wrong there."""
    error = errors[0]
    # A union's member is in the place's name, too: no part of the body is called so.
    place = [str(part)[:80] for part in error["loc"] if part not in {"UploadRequest", "JobRequest"}]
    name = ".".join(place[1:]) or place[0]
    match error["type"]:
        case "missing":
            forms = ': send {"upload": …} to get a place for a file, or {"model": …, "key": …} to have it scored'
            return f"the {place[0]} lacks '{name}'{forms if name == 'model' else ''}"
        case "extra_forbidden":
            return f"the {place[0]} has an unknown field '{name}'"
    message = str(error["msg"])[:200]
    return f"'{name}' is wrong: {message[:1].lower()}{message[1:]}"


def _ours(error: Exception) -> LightshipError:
    """Return what a client gets for an unexpected error: AWS's failures are transient, ours are not."""
    if aws.describe(error) is not None:  # its words are for the log: they name what callers need not know
        return Unavailable("the jobs' bucket, table or queues do not answer as they should: ask again later")
    return internal_error()
