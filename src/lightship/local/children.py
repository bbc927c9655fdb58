"""Child processes that do not outlive their parent, however it ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import lightship

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_GRACE_SECONDS = 0.3

# PR_SET_PDEATHSIG means the thread that started the child, not the process: this one lives as long as the process.
_starter = ThreadPoolExecutor(1, "starter")


def start(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    folder: Path,
    log: IO[bytes],
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Run ``python -m MODULE ARGUMENT…`` in a session of its own.

    The module calls :func:`follow` first. Its standard input is the line to its parent; what it prints goes to ``log``.
    """
    command = [sys.executable, "-m", module, *arguments]

    def popen() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=pass_fds,
            start_new_session=True,
        )

    return _starter.submit(popen).result()


def end(children: Iterable[subprocess.Popen[bytes]]) -> None:
    """End children and whatever they started: those with nothing to do by themselves, the others at once."""
    children = list(children)
    hang_up(children)
    deadline = time.monotonic() + _GRACE_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def hang_up(children: Iterable[subprocess.Popen[bytes]]) -> None:
    """Tell children that their parent is about to end; :func:`end` waits for them."""
    for child in children:
        if child.stdin is not None:
            with contextlib.suppress(OSError):  # a line that nobody has read is still in its buffer
                child.stdin.close()


def follow(heard: Callable[[bytes | None], None]) -> None:
    """In a child: hand every line of standard input to ``heard`` (None for its end), and die with the parent.

    A thread reads. When the parent has gone, this process may finish within a second, then its whole group is killed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    lines = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    def read() -> None:
        for line in lines:
            heard(line)
        heard(None)
        time.sleep(1.0)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=read, daemon=True).start()


def environment() -> dict[str, str]:
    """What a child takes over from this process: no settings, no credentials, this very library."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "COVERAGE_PROCESS_CONFIG", "PYTHONWARNINGS")
    paths = [str(Path(lightship.__path__[0]).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    found = {key: os.environ[key] for key in kept if key in os.environ}
    return found | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, paths)), "PYTHONUNBUFFERED": "1"}
