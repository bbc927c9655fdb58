"""The long-running server: granian, which handles connections outside of Python.

HTTP/1.1 only: where granian offers HTTP/2 too, a connection that sends nothing is never closed, because the timeout
starts with the protocol's first byte; with HTTP/1.1 alone it is closed after ``idle_seconds``
(``tests/app/test_server.py`` tests both). Clients that offer an upgrade, as Java's do, are answered in HTTP/1.1.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server as Granian

from lightship.app.asgi import AsgiEntry
from lightship.app.core import Core, Jobs, ServerParts, assemble
from lightship.app.endpoint import Endpoint
from lightship.app.extended import Factory, extended
from lightship.app.observed import Observed
from lightship.calls import ModelState
from lightship.dispatch.admission import LOOPBACK
from lightship.engines.quiet import quiet
from lightship.errors import SettingError
from lightship.settings import Settings

if TYPE_CHECKING:
    from lightship.app.application import Application

# Connections that wait to be accepted while the maximum is open.
_BACKLOG = 1024

# Bytes of a connection that are read ahead.
_BUFFER = 64 * 1024

# Seconds to wait until the server listens, which takes milliseconds.
_START_SECONDS = 30.0

# Seconds after which a signal is handled that the kernel gave to another thread, or just before the main thread waits:
# it does not end the wait of a lock.
_SIGNAL_SECONDS = 0.2

# File descriptors that a server needs besides its connections.
_OTHER_FILES = 256

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
}

# What is called with the states of the models when a server has loaded them.
Announce = Callable[[tuple[ModelState, ...]], None]


class Server:
    """One process that serves a registry.

    ``run`` listens, loads the models and blocks until Ctrl-C; ``start`` only begins.

    Args:
        settings: of the server and its models.
        endpoint: the reserved port, which the server closes.
        jobs: see :data:`lightship.app.core.Jobs`.
        factory: returns the application that extends ``create_app``, if any. It has no fast path.
    """

    def __init__(
        self, settings: Settings, endpoint: Endpoint, *, jobs: Jobs = lambda: None, factory: Factory | None = None
    ) -> None:
        self.requires_token = settings.token is not None
        self.url = endpoint.url
        self._endpoint = endpoint
        hosts = LOOPBACK if endpoint.is_loopback else ()
        core = assemble(settings, threads=True, jobs=jobs, hosts=hosts)
        assert core.server is not None  # noqa: S101 - it has threads
        self._serving, self._parts = core.serving, core.server
        app: Any = extended(factory, core) if factory else _entry(core, core.server)
        self._listener = _Listener(app, endpoint, settings)

    def start(self, *, load_first: bool = False) -> tuple[ModelState, ...]:
        """Listen and load every model.

        A model that fails to load is returned as a state with an error and does not stop the others. Until all are
        loaded, health checks report that the server is alive and not ready, and a request waits for its own model only.
        With ``load_first``, the server listens when all are loaded, because others answer on its port meanwhile.
        Messages of LiteRT are discarded.
        """
        try:
            return self._start(load_first=load_first)
        except BaseException:  # including KeyboardInterrupt
            self.close(grace=1)
            raise

    @quiet()
    def _start(self, *, load_first: bool = False) -> tuple[ModelState, ...]:
        self._serving.starting = True
        if sys.platform != "linux":
            self._endpoint.close()
        if not load_first:
            self._listener.start()
        states = self._serving.start()
        if load_first:
            self._listener.start()
        return states

    def run(self, announce: Announce, *, grace: int = 5) -> None:
        """Start, and serve until SIGINT or SIGTERM raises KeyboardInterrupt.

        At the end, running requests get ``grace`` seconds to finish. Raises SettingError where the server stopped
        listening.
        """
        try:
            announce(self._start())
            while True:
                self.wait(_SIGNAL_SECONDS)
        except KeyboardInterrupt:
            pass
        finally:
            self.close(grace)

    def wait(self, seconds: float) -> None:
        """Block for this time; raises SettingError where the server does not listen."""
        self._listener.wait(seconds)

    def record(self) -> None:
        """Record what this worker contributes to the metrics of all."""
        self._parts.metrics.record_loaded(self._serving.loaded())

    def close(self, grace: int) -> None:
        """Stop to listen, give running requests ``grace`` seconds, and end the threads."""
        self._listener.stop(grace)
        self._endpoint.close()
        self._parts.close()


def _entry(core: Core, parts: ServerParts) -> Observed:
    """Return the application without extensions; FastAPI is imported when needed."""
    return Observed(AsgiEntry(core, partial(_application, core), fast_path=True), parts.observers)


def _application(core: Core) -> Application:
    from lightship.app.application import Application  # imported for the first path of no protocol

    return Application(core)


class _Listener:
    """granian in its own thread; the main thread loads models and receives signals."""

    def __init__(self, app: Any, endpoint: Endpoint, settings: Settings) -> None:
        self._app = app
        self._address = endpoint.address
        self._port = endpoint.port
        self._settings = settings
        self._loop = uvloop.new_event_loop()
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._granian: Granian | None = None
        self._thread = threading.Thread(target=self._run, name="lightship-server", daemon=True)

    def start(self) -> None:
        """Listen. Raises SettingError where that fails."""
        self._thread.start()
        until = time.monotonic() + _START_SECONDS
        while not self._ended.is_set() and time.monotonic() < until:
            try:
                socket.create_connection((self._address, self._port), timeout=1).close()
            except OSError:
                time.sleep(0.005)
            else:
                return
        self._fail()

    def wait(self, seconds: float) -> None:
        """Block for this time; raises SettingError when the server stops by itself.

        A signal's exception may interrupt it anywhere. Within Event.wait it could leave a lock in a wrong state.
        """
        time.sleep(seconds)
        if self._ended.is_set():
            self._fail()

    def stop(self, grace: int) -> None:
        """Accept no more connections, and wait ``grace`` seconds for running requests."""
        if self._granian is not None and not self._ended.is_set():
            self._loop.call_soon_threadsafe(self._granian.stop)
            self._thread.join(grace)

    def _fail(self) -> None:
        raise SettingError(f"the server cannot listen on {self._address} port {self._port}: {self._error}")

    def _run(self) -> None:
        try:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()

    async def _serve(self) -> None:
        self._granian = Granian(
            self._app,
            address=self._address,
            port=self._port,
            interface=Interfaces.ASGINL if isinstance(self._app, Observed) else Interfaces.ASGI,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=max(1, int(self._settings.idle_seconds * 1000)), max_buffer_size=_BUFFER
            ),
            websockets=False,
            backlog=_BACKLOG,
            backpressure=_allowed_connections(self._settings.connections),
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
        )
        await self._granian.serve()


def _allowed_connections(count: int) -> int:
    """Return the number of connections to allow, limited by the process's open files.

    Increases the soft limit of open files where needed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES if hard == resource.RLIM_INFINITY else min(count + _OTHER_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(1, wanted - _OTHER_FILES)
