"""The child process as its parent sees it: started with nothing, watched while it works, ended with all it started."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import NoReturn

import lightship
from lightship.compiler import limits as model_limits
from lightship.compiler.sandbox import events, memory
from lightship.compiler.sandbox.limits import Limits
from lightship.errors import SourceRefused

_BLOCK = 65536
_EVENTS_BYTES = 16 * 1024**2
_EVENTS = 10_000
_PROCESSES = 64
_LAST_WORDS = 4096
_LOOK_SECONDS = 0.2
_LOOK_SHARE = 20  # on a machine with thousands of processes: no more than a twentieth of the time

_COVERAGE = "COVERAGE_PROCESS_CONFIG"  # set while tests are measured: they follow into the child
# All that the child's environment takes from the parent's.
KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", _COVERAGE)
FIXED = {
    "HDF5_USE_FILE_LOCKING": "FALSE",  # a source may lie in a folder that cannot be written
    "KERAS_BACKEND": "tensorflow",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the order of sets must not reach a bundle's digest
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def coverage_folder() -> tuple[str, ...]:
    """Return the folder where the coverage of tests is recorded, while it is measured: the child adds its own there."""
    if _COVERAGE not in os.environ:
        return ()
    return (str(Path(json.loads(base64.b64decode(os.environ[_COVERAGE]))["data_file"]).parent),)


class Child:
    """A running child: its events while it works, and why it ended without a result."""

    def __init__(self, popen: subprocess.Popen[bytes], *, pipe: int, stderr: int, limits: Limits) -> None:
        self._popen = popen
        self._pipe = pipe
        self._stderr = stderr
        self._limits = limits
        self._words = b""
        self._next_look = 0.0

    def events(self, deadline: float) -> Iterator[events.Event]:
        """Return the child's events until it closes their pipe.

        Raises SourceRefused where it exceeds a limit, or sends what is not an event.
        """
        for count, line in enumerate(self._lines(deadline)):
            if count >= _EVENTS:
                raise SourceRefused(f"the process that opened this model sent more than {_EVENTS} events")
            try:
                yield events.parse(line)
            except ValueError as error:
                sentence = "the process that opened this model sent something that is not an event"
                raise SourceRefused(sentence, detail=str(error)) from None

    def _lines(self, deadline: float) -> Iterator[bytes]:
        pending, total, pipes = b"", 0, [self._pipe, self._stderr]
        while total < _EVENTS_BYTES:
            ready = select.select(pipes, [], [], _LOOK_SECONDS)[0]
            if self._stderr in ready and not self._keep(os.read(self._stderr, _BLOCK)):
                pipes.remove(self._stderr)
            if self._pipe in ready:
                block = os.read(self._pipe, _BLOCK)
                if not block:
                    return
                total += len(block)
                *lines, pending = (pending + block).split(b"\n")
                yield from lines
            self._check(deadline)
        raise SourceRefused(f"the process that opened this model sent more than {_EVENTS_BYTES} bytes of events")

    def _keep(self, block: bytes) -> bool:
        """Keep the end of what the child writes to standard error; return whether there was anything."""
        self._words = (self._words + block)[-_LAST_WORDS:]
        return bool(block)

    def _check(self, deadline: float) -> None:
        now = time.monotonic()
        if now > deadline:
            self._stop(f"took longer than {self._limits.wall_seconds:g} s")
        if now < self._next_look:
            return
        usage = memory.usage(self._popen.pid)
        self._next_look = now + max(_LOOK_SECONDS, _LOOK_SHARE * (time.monotonic() - now))
        if usage.bytes > (limit := self._limits.memory_bytes or memory.share()):
            self._stop(f"took more than {memory.text(limit)} of memory")
        if usage.processes > _PROCESSES:
            self._stop(f"started more than {_PROCESSES} processes")

    def _stop(self, sentence: str) -> NoReturn:
        self._kill()
        raise SourceRefused(f"opening this model {sentence}: it was stopped")

    def _kill(self) -> None:
        """Kill the child and all that it started: seccomp keeps them in the group that the parent made."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def fate(self) -> tuple[str, str]:
        """End the child; return how it ended without a result, as the end of a sentence, and its last words."""
        self.end()
        with contextlib.suppress(BlockingIOError):
            os.set_blocking(self._stderr, False)
            while self._keep(os.read(self._stderr, _BLOCK)):
                pass
        return self._ending(self._popen.returncode), self._words.decode(errors="replace").strip()

    def _ending(self, code: int) -> str:
        if code == -signal.SIGXCPU:
            return f"took more than {self._limits.cpu_seconds} s of processor time and was stopped"
        if code == -signal.SIGALRM:
            return f"was stopped: {model_limits.timeout_message()}"
        if code == -signal.SIGKILL:
            return "was killed by the system, most likely because memory ran out"
        if code < 0:
            return f"crashed ({_signal_name(-code)})"
        return f"ended without a result (exit code {code})"

    def end(self) -> None:
        """Wait for a child that is finishing; kill one that is not, and all that it started."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=0.5)
        self._kill()
        self._popen.wait()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # the C library's own and real-time signals have no name


@contextmanager
def started(home: Path, limits: Limits, *, prefix: tuple[str, ...] = ()) -> Iterator[Child]:
    """Start the child in its home folder, where ``order.json`` is, by the command ``prefix``; it is dead afterwards."""
    with contextlib.ExitStack() as stack:
        reader, writer, errors, stderr = (stack.enter_context(end) for pair in (_pipe(), _pipe()) for end in pair)
        popen = subprocess.Popen(
            [*prefix, sys.executable, "-P", "-m", "lightship.compiler.sandbox.child", str(writer.fileno())],
            cwd=home,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            pass_fds=(writer.fileno(),),
            start_new_session=True,
        )
        child = Child(popen, pipe=reader.fileno(), stderr=errors.fileno(), limits=limits)
        try:
            writer.close()
            stderr.close()
            yield child
        finally:
            child.end()


def _pipe() -> tuple[FileIO, FileIO]:
    reader, writer = os.pipe()
    return FileIO(reader, "rb"), FileIO(writer, "wb")


def _environment(home: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in KEPT if key in os.environ}
    paths = [str(Path(lightship.__path__[0]).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | FIXED | {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": os.pathsep.join(paths)}
