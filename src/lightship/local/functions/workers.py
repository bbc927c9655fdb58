"""Lambda functions in local processes, one invocation at a time per process."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from lightship.local import children
from lightship.local.template.parts import FunctionSpec

# Limit for importing a handler: TensorFlow on a busy laptop is slow.
START_SECONDS = 120.0


class FunctionFailed(Exception):
    """A failed invocation: the handler raised, timed out, or its process ended.

    ``kind`` is the name of the handler's error, or ``Runtime.ExitError``.
    """

    def __init__(self, message: str, *, kind: str = "Runtime.ExitError") -> None:
        super().__init__(message)
        self.kind = kind


class Function(Protocol):
    """A function that several threads can invoke at once."""

    def invoke(self, event: Any) -> Any:
        """Return the handler's result, decoded from JSON; raises FunctionFailed.

        Any other exception counts as a failure too.
        """
        ...


class ProcessFunction:
    """A function with one process per concurrent invocation, reused afterwards.

    Args:
        spec: code, handler, limits and environment.
        environment: variables common to all functions: endpoint and credentials.
        folder: the folder of its log (``<logical name>.log``) and its processes' temporary folders.
    """

    def __init__(self, spec: FunctionSpec, *, environment: Mapping[str, str], folder: Path) -> None:
        self.spec = spec
        self.log = folder / f"{spec.logical}.log"
        self._folder = folder
        self._environment = {**children.environment(), **_lambda_variables(spec), **spec.environment, **environment}
        self._lock = threading.Lock()
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._closed = False

    def invoke(self, event: Any) -> Any:
        """Run the handler in an idle or new process, which is killed at the timeout."""
        worker = self._acquire()
        try:
            result = worker.invoke(event, self.spec.timeout)
        except FunctionFailed:
            self._release(worker)
            raise
        except BaseException:
            self._discard(worker)
            raise
        self._release(worker)
        return result

    def close(self) -> None:
        """End every process; running invocations fail."""
        close([self])

    def processes(self) -> list[int]:
        """Return the ids of all current processes."""
        with self._lock:
            return [worker.process.pid for worker in self._workers]

    def _acquire(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                self._workers.discard(worker)
                worker.close()
            if self._closed:
                raise FunctionFailed("the stack is ending")
            worker = _Worker(self.spec, self._environment, self._folder, self.log)
            self._workers.add(worker)
        try:
            worker.wait_until_ready()
        except BaseException:
            self._discard(worker)
            raise
        return worker

    def _release(self, worker: _Worker) -> None:
        with self._lock:
            if reusable := not (self.spec.once or self._closed) and worker.alive:
                self._idle.append(worker)
        if not reusable:
            self._discard(worker)

    def _discard(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.close()

    def _drain(self) -> tuple[set[_Worker], list[_Worker]]:
        with self._lock:
            self._closed = True
            workers, idle = self._workers, self._idle
            self._workers, self._idle = set(), []
        return workers, idle


def close(functions: Iterable[ProcessFunction]) -> None:
    """End the processes of several functions at once; running invocations fail."""
    drained = [function._drain() for function in functions]
    children.end(worker.process for workers, _ in drained for worker in workers)
    for _, idle in drained:
        for worker in idle:  # a busy worker is closed by the thread that waits for it
            worker.close()


class _Worker:
    """One process, its pipes, and its temporary folder."""

    def __init__(self, spec: FunctionSpec, environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self._scratch = tempfile.mkdtemp(prefix="tmp-", dir=folder)
        answers, write_end = os.pipe()
        self._answers = os.fdopen(answers, "rb", buffering=0)
        try:
            with log.open("ab") as output:
                self.process: subprocess.Popen[bytes] = children.start(
                    "lightship.local.functions.worker",
                    spec.handler,
                    str(write_end),
                    environment={**environment, "TMPDIR": self._scratch},
                    folder=spec.folder,
                    log=output,
                    pass_fds=(write_end,),
                )
        except OSError as error:
            self._answers.close()
            raise FunctionFailed(f"cannot start in {spec.folder}: {error.strerror}") from None
        finally:
            os.close(write_end)
        self._pending = b""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_until_ready(self) -> None:
        self._answer(time.monotonic() + START_SECONDS, f"its handler was not imported within {START_SECONDS:g} seconds")

    def invoke(self, event: Any, timeout: float) -> Any:
        invocation = {"event": event, "id": str(uuid.uuid4()), "deadline": time.time() + timeout}
        deadline = time.monotonic() + timeout
        assert self.process.stdin is not None  # noqa: S101 - started with a pipe
        try:
            self.process.stdin.write(json.dumps(invocation).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            self.close()
            raise FunctionFailed(self._end()) from None
        return self._answer(deadline, f"Task timed out after {timeout:.2f} seconds")

    def close(self) -> None:
        children.end([self.process])
        self._answers.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _answer(self, deadline: float, timeout_message: str) -> Any:
        line = self._line(deadline)
        if line is None:
            in_time = time.monotonic() < deadline
            self.close()
            raise FunctionFailed(self._end() if in_time else timeout_message)
        answer = json.loads(line)
        if "error" in answer:
            raise FunctionFailed(f"{answer['error']}: {answer['message']}", kind=str(answer["error"]))
        return answer["result"]

    def _line(self, deadline: float) -> bytes | None:
        while b"\n" not in self._pending:
            if not select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            block = self._answers.read(1 << 20)
            if not block:
                return None
            self._pending += block
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _end(self) -> str:
        return f"its process ended (exit status {self.process.returncode})"


def _lambda_variables(spec: FunctionSpec) -> dict[str, str]:
    return {
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(spec.folder),
        "_HANDLER": spec.handler,
        "LIGHTSHIP_LOCAL_ARN": spec.arn,
        "POWERTOOLS_TRACE_DISABLED": "true",  # no X-Ray daemon runs locally
    }
