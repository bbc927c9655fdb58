"""A child process for work on files that nobody trusts: no credentials, limited means, dead when its parent is.

The child starts with an environment made from nothing, a home folder that is removed afterwards, its own session, and
rlimits that it sets itself before it touches the file (:mod:`lightship.compiler.child`). It talks back in JSON lines
over a private pipe. However it ends, the parent gets its result or one sentence.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightship
from lightship.compiler import limits as model_limits
from lightship.compiler import processes
from lightship.errors import CompileError, ParityError, SourceRefused

GIBIBYTE = 1024**3
_EVENTS_LIMIT = 64 * 1024 * 1024
_ERRORS = {error.code: error for error in (CompileError, SourceRefused, ParityError)}

# All that the child's environment takes from the parent's; the last one makes test coverage follow into the child.
_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "COVERAGE_PROCESS_CONFIG")
_FIXED = {
    "HDF5_USE_FILE_LOCKING": "FALSE",  # a source may lie in a folder that cannot be written
    "KERAS_BACKEND": "tensorflow",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the order of sets must not reach a bundle's digest
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True)
class Limits:
    """What the child may use. TensorFlow maps far more memory than it touches: 32 GiB of addresses is generous."""

    cpu_seconds: int = 3600
    wall_seconds: float = 3600.0
    memory_bytes: int = 32 * GIBIBYTE
    file_bytes: int = 8 * GIBIBYTE


def run(
    module: str,
    job: Mapping[str, Any],
    *,
    limits: Limits | None = None,
    scratch: Path | None = None,
    progress: Callable[[str, float], None] = lambda stage, done: None,
) -> dict[str, Any]:
    """Run ``python -m lightship.compiler.child`` on a job and return the result of ``module``'s ``build`` function.

    The child's home folder is made in ``scratch``, by default where temporary files are.
    Raises CompileError, SourceRefused or ParityError: the child's own, or one that says how the child died.
    """
    bounds = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="lightship-", dir=scratch) as home, processes.undumpable():
        order = {"module": module, "job": dict(job), "limits": asdict(bounds), "parent": os.getpid()}
        Path(home, "order.json").write_text(json.dumps(order))
        with _child(Path(home)) as (child, events):
            result = _follow(events, time.monotonic() + bounds.wall_seconds, progress)
            if result is not None:
                return result
            _end(child)
            raise SourceRefused(_cause_of_death(child, Path(home), bounds))


@contextlib.contextmanager
def _child(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    reader, writer = os.pipe()
    try:
        with (home / "noise.txt").open("wb") as noise:
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "lightship.compiler.child", str(writer)],
                cwd=home,
                env=_environment(home),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=noise,
                pass_fds=(writer,),
                start_new_session=True,
            )
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    try:
        yield child, reader
    finally:
        os.close(reader)
        _end(child)


def _environment(home: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    paths = [str(Path(lightship.__path__[0]).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | _FIXED | {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": os.pathsep.join(paths)}


def _end(child: subprocess.Popen[bytes]) -> None:
    """Reap a child that has finished; kill one that has not, and whatever it started."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=0.5)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _follow(events: int, deadline: float, progress: Callable[[str, float], None]) -> dict[str, Any] | None:
    """Pass on the child's progress; its result, or None where it ended or ran out of time without one."""
    for line in _lines(events, deadline):
        event = json.loads(line)
        if "error" in event:
            raise _ERRORS.get(event["error"], CompileError)(str(event["message"]))
        if "result" in event:
            return dict(event["result"])
        progress(str(event["stage"]), float(event["done"]))
    return None


def _lines(events: int, deadline: float) -> Iterator[bytes]:
    pending, total = b"", 0
    while total < _EVENTS_LIMIT and select.select([events], [], [], max(0.0, deadline - time.monotonic()))[0]:
        block = os.read(events, 65536)
        if not block:
            return
        total += len(block)
        *lines, pending = (pending + block).split(b"\n")
        yield from lines


def _cause_of_death(child: subprocess.Popen[bytes], home: Path, limits: Limits) -> str:
    code = child.returncode
    if code == -signal.SIGXCPU:
        return f"opening this model took more than {limits.cpu_seconds} s of processor time: it was stopped"
    if code == -signal.SIGALRM:
        return model_limits.overdue()
    if code == -signal.SIGKILL:
        return f"opening this model took too long or too much memory (over {limits.wall_seconds:g} s): it was stopped"
    if code < 0:
        return f"the process that opened this model crashed ({signal.Signals(-code).name}): nothing was published"
    return f"the process that opened this model ended without a result: {_last_words(home)}"


def _last_words(home: Path) -> str:
    with (home / "noise.txt").open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"
