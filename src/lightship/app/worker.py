"""A worker: one of several processes that serve a registry on one port.

``python -m lightship.app.worker FD`` is started by :class:`lightship.app.workers.Workers`, with the file descriptor of
its connection. It is a new process, not a fork, because clients of object storage hang in a process that was forked
after their first call. It ends when its parent closes the connection or dies, and ignores signals, which a terminal or
a supervisor may send to all processes at once.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple

from lightship import aws
from lightship.app.endpoint import Endpoint
from lightship.app.extended import Factory
from lightship.app.server import Server
from lightship.calls import ModelState
from lightship.errors import LightshipError, SettingError
from lightship.settings import Settings

if TYPE_CHECKING:
    from lightship.jobs.cloud import Cloud

# How often a worker that serves looks for the end of its parent, in seconds.
_SECONDS = 0.2


class Assignment(NamedTuple):
    """What a worker gets from its parent.

    Attributes:
        settings: of the server, with the worker's number.
        address: the numeric address, whose port the parent has reserved.
        port: the port.
        factory: see :class:`lightship.app.server.Server`.
        load_first: see :meth:`lightship.app.server.Server.start`.
        grace: seconds for running requests at the end.
        folder: of the counts that the workers share, which the parent removes.
    """

    settings: Settings
    address: str
    port: int
    factory: Factory | None
    load_first: bool
    grace: int
    folder: str


def main(descriptor: int) -> None:
    """Serve until the parent closes the connection.

    Sends the states of the models once they are loaded, or the error that ends this process.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    process = os.getppid()
    with Connection(descriptor) as parent:
        assigned: Assignment = parent.recv()
        try:
            _serve(assigned, parent)
        except Exception as error:
            if (refusal := _refusal(error)) is None:
                raise
            _send(parent, refusal)
        finally:
            if os.getppid() != process:  # the parent was killed
                shutil.rmtree(assigned.folder, ignore_errors=True)


def _serve(assigned: Assignment, parent: Connection) -> None:
    endpoint = Endpoint(assigned.address, assigned.port, shared=True)
    server = Server(assigned.settings, endpoint, jobs=_jobs, factory=assigned.factory)
    states = server.start(load_first=assigned.load_first)
    try:
        _send(parent, states)
        while not parent.poll():
            server.record()
            server.wait(_SECONDS)
    finally:
        server.close(assigned.grace)


def _send(parent: Connection, message: tuple[ModelState, ...] | LightshipError) -> None:
    """Send a message to the parent, which may have ended."""
    with suppress(BrokenPipeError):
        parent.send(message)


def _refusal(error: Exception) -> LightshipError | None:
    """Return the error to show to the operator; None for one that is not expected."""
    if isinstance(error, LightshipError):
        return type(error)(error.message + aws.advice(error.__context__), detail=error.detail)
    sentence = aws.describe(error)
    return None if sentence is None else SettingError(sentence)


def _jobs() -> Cloud | None:
    from lightship.jobs import cloud  # imported for the first request about a job

    return cloud.from_environment(os.environ)


if __name__ == "__main__":
    main(int(sys.argv[1]))
