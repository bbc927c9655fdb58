"""The child process from the parent's side: start, events, limits and end.

The child gets a minimal environment. When it ends, the parent kills all processes in its process group.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
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

_READ_BYTES = 65536
_MAX_EVENT_BYTES = 16 * 1024**2
_MAX_EVENTS = 10_000
_MAX_PROCESSES = 64
_STDERR_BYTES = 4096
_POLL_SECONDS = 0.2
_POLL_RATIO = 20  # with thousands of processes a poll is slow: spend at most a twentieth of the time on it

_COVERAGE = "COVERAGE_PROCESS_CONFIG"  # set where the coverage of tests is measured: the child is measured too
# Signals by which a limit of time ends the child.
_LIMIT_SIGNALS = (signal.SIGXCPU, signal.SIGALRM, signal.SIGPROF)
# Lines of standard error that are no errors: log messages of TensorFlow and LiteRT, and warnings of Python.
_LOGGED = re.compile(
    r"^(?:[IW]\d{4} [\d:.]+ .*|(?:INFO|WARNING): .*|.*:\d+: \w*Warning: .*(?:\n  .*)?)(?:\n|\Z)", re.MULTILINE
)
# The only variables that the child inherits from the parent.
INHERITED_VARIABLES = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", _COVERAGE)
FIXED_VARIABLES = {
    "HDF5_USE_FILE_LOCKING": "FALSE",  # the source may be in a read-only folder
    "KERAS_BACKEND": "tensorflow",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the iteration order of sets must not change a bundle's digest
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def coverage_folder() -> tuple[str, ...]:
    """Return the folder of the coverage data, to which the child writes its own.

    Empty where the coverage of tests is not measured.
    """
    if _COVERAGE not in os.environ:
        return ()
    return (str(Path(json.loads(base64.b64decode(os.environ[_COVERAGE]))["data_file"]).parent),)


class Child:
    """A running child process: its events, and its exit reason if there is no result."""

    def __init__(self, popen: subprocess.Popen[bytes], *, pipe: int, stderr: int, limits: Limits) -> None:
        self._popen = popen
        self._pipe = pipe
        self._stderr = stderr
        self._limits = limits
        self._stderr_tail = b""
        self._next_poll = 0.0

    def events(self, deadline: float) -> Iterator[events.Event]:
        """Yield the child's events until it closes the pipe.

        Raises SourceRefused where the child exceeds a limit or sends an invalid event.
        """
        for count, line in enumerate(self._lines(deadline)):
            if count >= _MAX_EVENTS:
                raise SourceRefused(f"the process that opened this model sent more than {_MAX_EVENTS} events")
            try:
                yield events.parse(line)
            except ValueError as error:
                sentence = "the process that opened this model sent an invalid event"
                raise SourceRefused(sentence, detail=str(error)) from None

    def _lines(self, deadline: float) -> Iterator[bytes]:
        pending, total, pipes = b"", 0, [self._pipe, self._stderr]
        while total < _MAX_EVENT_BYTES:
            ready = select.select(pipes, [], [], _POLL_SECONDS)[0]
            if self._stderr in ready and not self._keep_stderr(os.read(self._stderr, _READ_BYTES)):
                pipes.remove(self._stderr)
            if self._pipe in ready:
                block = os.read(self._pipe, _READ_BYTES)
                if not block:
                    return
                total += len(block)
                *lines, pending = (pending + block).split(b"\n")
                yield from lines
            self._check(deadline)
        raise SourceRefused(f"the process that opened this model sent more than {_MAX_EVENT_BYTES} bytes of events")

    def _keep_stderr(self, block: bytes) -> bool:
        """Append to the kept end of standard error; return False at the end of file."""
        self._stderr_tail = (self._stderr_tail + block)[-_STDERR_BYTES:]
        return bool(block)

    def _check(self, deadline: float) -> None:
        now = time.monotonic()
        if now > deadline:
            self._stop(f"took longer than {self._limits.wall_seconds:g} s")
        if now < self._next_poll:
            return
        usage = memory.usage(self._popen.pid)
        self._next_poll = now + max(_POLL_SECONDS, _POLL_RATIO * (time.monotonic() - now))
        if usage.bytes > (limit := self._limits.memory_bytes or memory.share()):
            self._stop(f"took more than {memory.formatted(limit)} of memory")
        if usage.processes > _MAX_PROCESSES:
            self._stop(f"started more than {_MAX_PROCESSES} processes")

    def _stop(self, sentence: str) -> NoReturn:
        self._kill()
        raise SourceRefused(f"opening this model {sentence}: it was stopped")

    def _kill(self) -> None:
        """Kill the child and all processes in its process group.

        seccomp, where it is in force, prevents processes from leaving the group.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def exit_reason(self) -> tuple[str, str]:
        """End the child; return why there is no result, and what it last wrote about that.

        The reason is phrased as the end of a sentence. The text is the end of standard error without log messages; it
        is empty where a limit ended the child.
        """
        ended = self.end()
        with contextlib.suppress(BlockingIOError):
            os.set_blocking(self._stderr, False)
            while self._keep_stderr(os.read(self._stderr, _READ_BYTES)):
                pass
        reason = self._describe_exit(self._popen.returncode) if ended else "sent no result and did not end"
        if -self._popen.returncode in _LIMIT_SIGNALS:
            return reason, ""
        return reason, _LOGGED.sub("", self._stderr_tail.decode(errors="replace")).strip()

    def _describe_exit(self, code: int) -> str:
        if code == -signal.SIGXCPU:
            return f"took more than {self._limits.cpu_seconds} s of processor time and was stopped"
        if code == -signal.SIGALRM:
            return f"was stopped: {model_limits.timeout_message()}"
        if code == -signal.SIGPROF:
            return f"was stopped: {model_limits.opening_message()}"
        if code == -signal.SIGKILL:
            return "was killed by the system, most likely because it ran out of memory"
        if code < 0:
            return f"crashed ({_signal_name(-code)})"
        return f"ended without a result (exit code {code})"

    def end(self) -> bool:
        """Wait up to 0.5 s for the child to exit, then kill it and all that it started.

        Returns whether it exited by itself.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=0.5)
        ended = self._popen.returncode is not None
        self._kill()
        self._popen.wait()
        return ended


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # real-time signals and those internal to the C library have no name


@contextmanager
def start(home: Path, limits: Limits, *, prefix: tuple[str, ...] = ()) -> Iterator[Child]:
    """Start the child in its home folder, which contains ``instructions.json``.

    ``prefix`` precedes the command. The child has ended when the context ends.
    """
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
    kept = {key: os.environ[key] for key in INHERITED_VARIABLES if key in os.environ}
    paths = [str(Path(lightship.__path__[0]).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | FIXED_VARIABLES | {"HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": os.pathsep.join(paths)}
