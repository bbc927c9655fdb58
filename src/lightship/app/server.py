"""The long-running server: the shell under uvicorn."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import uvicorn

from lightship.app.assembly import assemble
from lightship.calls import ModelState
from lightship.errors import SettingError
from lightship.registry import Registry
from lightship.settings import Settings

if TYPE_CHECKING:
    from lightship.jobs.cloud import Cloud


class Server:
    """One process that serves a registry. ``start`` loads the models, ``run`` blocks until Ctrl-C.

    ``jobs`` is as in :class:`lightship.app.shell.Shell`.
    """

    def __init__(
        self,
        registry: Registry,
        settings: Settings,
        *,
        host: str,
        port: int,
        jobs: Callable[[], Cloud | None] = lambda: None,
    ) -> None:
        self._catalogue, self._shell = assemble(
            settings, registry, threads=settings.threads, max_answer=settings.max_answer, jobs=jobs
        )
        self._socket = _listen(host, port)
        shown = "localhost" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"

    def start(self) -> tuple[ModelState, ...]:
        """Load every model; one that fails is a state with an error, and does not stop the others."""
        return self._catalogue.start()

    def run(self, *, grace: int = 5) -> None:
        """Serve until SIGINT or SIGTERM, then let running requests finish for so many seconds."""
        config = uvicorn.Config(self._shell, lifespan="off", log_level="warning", timeout_graceful_shutdown=grace)
        try:
            uvicorn.Server(config).run(sockets=[self._socket])
        except KeyboardInterrupt:
            pass  # uvicorn has shut down and hands the signal on
        finally:
            self._catalogue.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off for sockets that say TCP; with it every answer waits 40 ms for an ACK
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)  # from now on a client may connect: it waits until the models are loaded
    except OSError as error:
        listener.close()
        other = ": choose another with --port" if error.errno == errno.EADDRINUSE else ""
        raise SettingError(f"cannot listen on {host} port {port}: {error.strerror}{other}") from None
    return listener
