"""Applications and dispatchers for tests, with the fast path and without."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightship import app
from lightship.app.asgi import AsgiEntry
from lightship.app.core import Core, assemble
from lightship.app.messages import ASGIApp
from lightship.dispatch.concurrent import ConcurrentDispatcher
from lightship.dispatch.dispatcher import Dispatcher
from lightship.handlers.gateway import Gateway
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.serving.concurrent import ConcurrentServing
from lightship.serving.serving import Options, Serving
from lightship.serving.threads import Threads
from lightship.settings import Settings

# Function that returns an ASGI application of a core.
Way = Callable[[Core], ASGIApp]


def core(registry: Path, *, threads: bool = False, jobs: Any = lambda: None, **settings: Any) -> Core:
    """Return a registry's core; default model quickstart, bodies of 100,000 bytes."""
    usual = {"default_model": "quickstart", "max_body": 100_000}
    return assemble(Settings(registry=str(registry), **{**usual, **settings}), threads=threads, jobs=jobs)


def fast_path(made: Core) -> ASGIApp:
    """Return the application of `lightship serve`: the fast path before FastAPI."""
    return AsgiEntry(made, lambda: app.create_app(core=made), fast_path=True)


def application(made: Core) -> ASGIApp:
    """Return the application of ``create_app()``: every route is FastAPI's."""
    return app.create_app(core=made)


WAYS: tuple[Way, ...] = (fast_path, application)


def gateway(made: Core, *, fast: bool = True) -> Gateway:
    """Return the Lambda handler of a core, with the fast path or without."""
    return Gateway(made, lambda: app.create_app(core=made), fast_path=fast)


class Answers:
    """Dispatcher without HTTP, as on Lambda, or with a server's threads.

    ``serving`` holds the models.
    """

    def __init__(self, registry: Registry, options: Options | None = None, *, threads: int = 0, **limits: Any) -> None:
        self._concurrent = ConcurrentServing(registry, options or Options(), Threads(threads)) if threads else None
        self.serving = self._concurrent.serving if self._concurrent else Serving(registry, options)
        self._dispatcher = Dispatcher(self.serving, Settings(**limits))

    def answer(self, request: Request) -> Response:
        """Return the response to a request of any protocol."""
        return asyncio.run(self.answer_soon(request))

    async def answer_soon(self, request: Request) -> Response:
        """Return the response, as in a server's event loop."""
        if self._concurrent is None:
            response = self._dispatcher.answer(request)
        else:
            response = await ConcurrentDispatcher(self._dispatcher, self._concurrent).answer(request)
        assert response is not None
        return response

    def close(self) -> None:
        """Stop the threads."""
        if self._concurrent is not None:
            self._concurrent.close()
