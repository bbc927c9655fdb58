"""Child processes that never outlive their parent."""

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

# PR_SET_PDEATHSIG refers to the thread that started the child, not to the process, so this thread starts all children:
# it lives as long as the process.
_starter = ThreadPoolExecutor(1, "starter")


def start(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    folder: Path,
    log: IO[bytes],
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Run ``python -m MODULE ARGUMENT…`` in a new session.

    The module must call :func:`watch_parent` first. Its standard input is a pipe from the parent; its output goes to
    ``log``.
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
    """End children and their descendants.

    Idle children exit after their standard input is closed; the others are killed after a grace period.
    """
    children = list(children)
    close_stdin(children)
    deadline = time.monotonic() + _GRACE_SECONDS
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def close_stdin(children: Iterable[subprocess.Popen[bytes]]) -> None:
    """Close the standard input of children, so that they exit; :func:`end` waits."""
    for child in children:
        if child.stdin is not None:
            with contextlib.suppress(OSError):  # the buffer may hold an unread line
                child.stdin.close()


def watch_parent(on_line: Callable[[bytes | None], None]) -> None:
    """In a child: pass lines of standard input to ``on_line``; exit with the parent.

    ``on_line`` receives None at the end and is called in a thread. When the parent closes the pipe, this process has a
    second to finish before its process group is killed. On Linux the kernel kills it at once where the parent ends.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    lines = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    def read() -> None:
        for line in lines:
            on_line(line)
        on_line(None)
        time.sleep(1.0)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=read, daemon=True).start()


def environment() -> dict[str, str]:
    """Return the environment of a child: no settings, no credentials, this library."""
    inherited = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "COVERAGE_PROCESS_CONFIG", "PYTHONWARNINGS")
    paths = [str(Path(lightship.__path__[0]).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    found = {key: os.environ[key] for key in inherited if key in os.environ}
    return found | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, paths)), "PYTHONUNBUFFERED": "1"}
