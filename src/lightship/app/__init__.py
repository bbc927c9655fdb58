"""The application: an ASGI entry for the protocols, FastAPI for other routes."""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightship.app.application import Application
    from lightship.app.core import Core
    from lightship.jobs.cloud import Cloud
    from lightship.settings import Settings


# Whether an application is created for a Lambda handler, on Lambda or in a test.
FOR_LAMBDA: ContextVar[bool] = ContextVar("FOR_LAMBDA", default=False)


def create_app(settings: Settings | None = None, *, core: Core | None = None, **options: Any) -> Application:
    """Return the complete FastAPI application, with all routes of the protocols.

    Requests are admitted (access, limits, correlation id) before they reach routes, middleware and dependencies that
    users add. Any ASGI server runs the application; ``lightship.handler_for`` turns it into a Lambda handler.

    Args:
        settings: by default those of the environment, or of the command that creates the application.
        core: an existing core to use; its settings replace ``settings``.
        options: parameters of :class:`fastapi.FastAPI`: ``lifespan``, ``dependencies``, ``middleware``, ``title``, ….
    """
    from lightship.app.application import Application  # the default handler's fast path starts without FastAPI
    from lightship.app.core import CORE

    given = core or (CORE.get() if settings is None else None)
    return Application(given or core_for(settings), **options)


def core_for(settings: Settings | None = None, *, on_lambda: bool = False) -> Core:
    """Return the core for these settings, by default those of the environment.

    On Lambda, where requests arrive one at a time, the core has no threads. Lambda is detected by
    ``AWS_LAMBDA_FUNCTION_NAME`` or by a call from :func:`lightship.handlers.predict.handler_for`. Otherwise a core
    without a token answers clients on loopback only, unless the settings allow anonymous requests.
    """
    from lightship.app.core import LARGEST_RESPONSE, assemble
    from lightship.dispatch.admission import LOOPBACK
    from lightship.settings import Settings

    settings = settings or Settings.from_environment()
    if not (on_lambda or FOR_LAMBDA.get() or "AWS_LAMBDA_FUNCTION_NAME" in os.environ):
        local_only = settings.token is None and not settings.allow_anonymous
        return assemble(settings, threads=True, jobs=_jobs, hosts=LOOPBACK if local_only else (), local_only=local_only)
    return assemble(settings._replace(max_answer=settings.max_answer or LARGEST_RESPONSE), threads=False, jobs=_jobs)


def _jobs() -> Cloud | None:
    from lightship.jobs.cloud import from_environment  # imported for the first request about a job

    return from_environment(os.environ)
