"""Workers: several processes that serve a registry on one port.

The kernel distributes new connections among them (SO_REUSEPORT). The parent reserves the port, starts the workers and
replaces those that end; it loads no model and answers no request.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from prometheus_client.multiprocess import mark_process_dead

from lightship.app.endpoint import Endpoint
from lightship.app.extended import Factory
from lightship.app.worker import Assignment
from lightship.calls import ModelState
from lightship.errors import LightshipError, SettingError
from lightship.settings import Settings

if TYPE_CHECKING:
    from lightship.app.server import Announce

_LOG = logging.getLogger(__name__)

# Seconds after which a signal is handled that arrived just before the parent waits.
_SIGNAL_SECONDS = 0.2

# Seconds between the starts of a worker: they double while it ends before it is ready.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0

# Seconds that a worker has to exit after the time of its running requests.
_EXIT_SECONDS = 2.0

# Threads that TensorFlow, numpy and tokenizers start in each process; values of the operator have precedence.
_THREAD_VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS")

_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Workers:
    """The parent of the workers.

    ``run`` is as that of :class:`lightship.app.server.Server`.

    Args:
        settings: of the server: ``workers`` is the number of processes, which divide ``threads``.
        endpoint: the reserved port, closed at the end.
        factory: see :class:`lightship.app.server.Server`.
        grace: seconds for running requests at the end.

    Raises SettingError on systems where processes cannot share a port.
    """

    def __init__(self, settings: Settings, endpoint: Endpoint, *, factory: Factory | None, grace: int = 5) -> None:
        if sys.platform != "linux":
            raise SettingError("several workers need Linux, whose processes can share a port: use one worker")
        self.requires_token = settings.token is not None
        self.url = endpoint.url
        self._endpoint = endpoint
        self._grace = grace
        self._folder = _metrics_folder()
        threads = max(1, settings.threads // settings.workers)
        environment = {
            **_library_threads(settings.workers),
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # with -P, the same modules are found as here
            _METRICS_FOLDER: self._folder.name,
        }
        self._workers = [
            _Worker(
                Assignment(
                    settings._replace(worker=number, threads=threads),
                    endpoint.address,
                    endpoint.port,
                    factory,
                    load_first=number > 0,
                    grace=grace,
                    folder=self._folder.name,
                ),
                environment,
            )
            for number in range(settings.workers)
        ]

    def run(self, announce: Announce) -> None:
        """Start, and replace workers that end until a signal raises KeyboardInterrupt."""
        try:
            announce(self._start())
            while True:
                for worker in self._next():
                    if worker.error is not None:
                        _LOG.warning("%s; it is started again in %g seconds", worker.error.message, worker.pause)
                for worker in self._workers:
                    worker.restart_if_due()
        except KeyboardInterrupt:
            pass
        finally:
            self._close(self._grace)

    def _start(self) -> tuple[ModelState, ...]:
        """Start the workers and wait until all have loaded their models.

        The first one listens at once, the others when they are ready: while the server starts, health checks have one
        answer. Raises the error of a worker that cannot start.
        """
        for worker in self._workers:
            worker.start()
        while any(worker.states is None for worker in self._workers):
            for worker in self._next():
                if worker.error is not None:
                    raise worker.error
        return self._workers[0].states or ()

    def _next(self) -> list[_Worker]:
        """Return the workers that became ready or ended, after waiting briefly."""
        connections = [worker.connection for worker in self._workers if worker.connection is not None]
        readable = wait(connections, _SIGNAL_SECONDS)
        ready = [worker for worker in self._workers if worker.connection in readable]
        for worker in ready:
            worker.receive()
        return ready

    def _close(self, grace: int) -> None:
        """End all workers, which have this time for running requests."""
        for worker in self._workers:
            worker.close()
        until = time.monotonic() + grace + _EXIT_SECONDS
        for worker in self._workers:
            worker.join(until)
        self._folder.cleanup()
        self._endpoint.close()


class _Worker:
    """One worker and the processes that are it, one after the other.

    Attributes:
        connection: to its process; None while it has none.
        states: of its models, once they are loaded.
        error: why its last process ended.
        pause: seconds from the end of its last process until the next one starts.
    """

    def __init__(self, assignment: Assignment, environment: Mapping[str, str]) -> None:
        self.connection: Connection | None = None
        self.states: tuple[ModelState, ...] | None = None
        self.error: LightshipError | None = None
        self.pause = _FIRST_PAUSE
        self._assignment = assignment
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._due = 0.0

    def start(self) -> None:
        """Start a process, which inherits the environment and the outputs."""
        self.join(0.0)
        self.states = self.error = None
        self.connection, given = multiprocessing.Pipe()
        with given:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "lightship.app.worker", str(given.fileno())],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[given.fileno()],
                process_group=0,  # not that of the terminal, whose Ctrl-C is for the parent
            )
        with suppress(BrokenPipeError):  # receive reports its end
            self.connection.send(self._assignment)

    def receive(self) -> None:
        """Receive the states of the models, or the error or end of the process."""
        assert self.connection is not None  # noqa: S101 - only workers with a process send
        try:
            received = self.connection.recv()
        except (EOFError, OSError):
            received = self._exit_error()
        if isinstance(received, LightshipError):
            self._end(received)
        else:
            self.states, self.pause = received, _FIRST_PAUSE

    def restart_if_due(self) -> None:
        """Start another process after the pause, if the last one ended."""
        if self.connection is None and time.monotonic() >= self._due:
            self._assignment = self._assignment._replace(load_first=True)
            self.start()

    def close(self) -> None:
        """Close the connection, so that the process ends."""
        if self.connection is not None:
            self.connection.close()

    def join(self, until: float) -> None:
        """Wait for the process until a time (time.monotonic()), and kill it then."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _exit_error(self) -> LightshipError:
        assert self._process is not None  # noqa: S101 - as in receive
        self.join(time.monotonic() + _EXIT_SECONDS)
        code = self._process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return LightshipError(f"worker {self._assignment.settings.worker} (process {self._process.pid}) {how}")

    def _end(self, error: LightshipError) -> None:
        if self.states is None:
            self.pause = min(2 * self.pause, _LONGEST_PAUSE)
        self.error, self.states = error, None
        self._due = time.monotonic() + self.pause
        self.close()
        self.connection = None
        mark_process_dead(self._assignment.settings.worker, self._assignment.folder)  # type: ignore[no-untyped-call]


def _library_threads(workers: int) -> dict[str, str]:
    """Return variables with which the threads of libraries divide the cores."""
    share = max(1, len(os.sched_getaffinity(0)) // workers)
    return dict.fromkeys(_THREAD_VARIABLES, str(share))


def _metrics_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a private folder for the counts that the workers share."""
    try:
        return tempfile.TemporaryDirectory(prefix="lightship-workers-")
    except OSError as error:
        raise SettingError(f"several workers need a temporary folder that they can write: {error.strerror}") from error
