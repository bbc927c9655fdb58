"""The application: an ASGI entry that answers the protocols' routes, with FastAPI behind it for everything else."""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightship.app.application import Application
    from lightship.app.core import Core
    from lightship.jobs.cloud import Cloud
    from lightship.settings import Settings


# Whether an application is made for a Lambda handler, wherever that is tested.
FOR_LAMBDA: ContextVar[bool] = ContextVar("FOR_LAMBDA", default=False)


def create_app(settings: Settings | None = None, *, core: Core | None = None, **options: Any) -> Application:
    """Return the complete FastAPI application: every route works through it, those of the protocols too.

    Requests are admitted (access, limits, correlation id) before routes, middleware and dependencies that are added to
    it see them. Any ASGI server runs it; ``lightship.handler_for`` makes a Lambda handler of it.

    Args:
        settings: by default those of the environment.
        core: what answers, where it was made already; ``settings`` are its own then.
        options: as :class:`fastapi.FastAPI` takes them: ``lifespan``, ``dependencies``, ``middleware``, ``title``, ….
    """
    from lightship.app.application import Application  # the default handler's fast path starts without FastAPI

    return Application(core or core_for(settings), **options)


def core_for(settings: Settings | None = None, *, on_lambda: bool = False) -> Core:
    """Return what answers requests, by default for the settings of the environment.

    On Lambda, where requests come one at a time, it has no threads: where ``AWS_LAMBDA_FUNCTION_NAME`` is set, and for
    :func:`lightship.handlers.predict.handler_for`.
    Elsewhere, without a token, it answers its own machine only unless the settings allow anonymous requests.
    """
    from lightship.app.core import LARGEST_EVENT, assemble
    from lightship.dispatch.admission import LOOPBACK
    from lightship.settings import Settings

    settings = settings or Settings.from_environment()
    if not (on_lambda or FOR_LAMBDA.get() or "AWS_LAMBDA_FUNCTION_NAME" in os.environ):
        local_only = settings.token is None and not settings.allow_anonymous
        return assemble(settings, threads=True, jobs=_jobs, hosts=LOOPBACK if local_only else (), local_only=local_only)
    return assemble(settings._replace(max_answer=settings.max_answer or LARGEST_EVENT), threads=False, jobs=_jobs)


def _jobs() -> Cloud | None:
    from lightship.jobs.cloud import from_environment  # when the first job is asked for

    return from_environment(os.environ)
