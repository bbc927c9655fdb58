"""Errors of the jobs' routes as responses in the native protocol's format."""

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
    """A route that renders every error in the native protocol's format.

    JSON bodies are parsed by the protocols' strict parser before FastAPI parses them.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, wrapped to render errors."""
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
                return render(_as_lightship_error(error), request)

        return answer


def render(error: LightshipError, request: Request) -> Response:
    """Return the response for an error."""
    request.scope[ADMITTED].request.refusal = error.code
    response = protocols.render_error(error, route_path(request.scope))
    return Response(response.body, response.status, dict(response.headers))


def check_json(body: bytes, content_type: str) -> None:
    """Raise UnsupportedMedia or InvalidInput unless a body is a JSON object.

    A missing ``Content-Type`` is accepted.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in {"", "application/json"}:
        raise UnsupportedMedia(f"the body has content type {media_type[:80]}: application/json is expected")
    read_object(body)


def sentence(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return a message for the first of pydantic's errors, with the field's name."""
    error = errors[0]
    # pydantic's location includes the name of the union's member, which is no part of the body.
    location = [str(part)[:80] for part in error["loc"] if part not in {"UploadRequest", "JobRequest"}]
    name = ".".join(location[1:]) or location[0]
    match error["type"]:
        case "missing":
            forms = ': send {"upload": …} to get an upload address, or {"model": …, "key": …} to start a job'
            return f"the {location[0]} lacks '{name}'{forms if name == 'model' else ''}"
        case "extra_forbidden":
            return f"the {location[0]} has an unknown field '{name}'"
    message = str(error["msg"])[:200]
    return f"'{name}' is wrong: {message[:1].lower()}{message[1:]}"


def _as_lightship_error(error: Exception) -> LightshipError:
    """Return the error to report for an unexpected exception.

    AWS's failures are transient: retry later. All others are internal errors.
    """
    if aws.describe(error) is not None:  # the text of AWS's error goes to the log only: it names resources
        return Unavailable("the jobs' bucket, table or queues do not respond as expected: retry later")
    return internal_error()
