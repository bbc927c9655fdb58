"""Functions that can be invoked: Lambda's way, each invocation alone in a process that is kept for the next one."""

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

# Importing a handler has its own time: TensorFlow's, on a busy laptop.
START_SECONDS = 120.0


class FunctionFailed(Exception):
    """An invocation that gave no result: the handler raised, ran out of time, or its process ended. One sentence.

    ``kind`` is the name of the handler's error; of what ended without one, ``Runtime.ExitError``.
    """

    def __init__(self, sentence: str, *, kind: str = "Runtime.ExitError") -> None:
        super().__init__(sentence)
        self.kind = kind


class Function(Protocol):
    """Something that can be invoked with an event, by several threads at once."""

    def invoke(self, event: Any) -> Any:
        """The handler's result as JSON holds it; raises FunctionFailed, or anything else for the same effect."""
        ...


class ProcessFunction:
    """A function in processes of its own: one for each invocation under way, kept for later ones.

    Args:
        spec: code, handler, limits and environment.
        environment: variables for every function: endpoint and credentials.
        folder: where its log (``<logical name>.log``) and its processes' temporary folders are.
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
        """Run the handler in an idle process, or a new one; beyond its timeout that process is killed."""
        worker = self._take()
        try:
            result = worker.invoke(event, self.spec.timeout)
        except FunctionFailed:
            self._give_back(worker)
            raise
        except BaseException:
            self._discard(worker)
            raise
        self._give_back(worker)
        return result

    def close(self) -> None:
        """End every process; invocations under way fail."""
        close([self])

    def processes(self) -> list[int]:
        """Ids of the processes there are."""
        with self._lock:
            return [worker.process.pid for worker in self._workers]

    def _take(self) -> _Worker:
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

    def _give_back(self, worker: _Worker) -> None:
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
    """End the processes of several functions at once; invocations under way fail."""
    drained = [function._drain() for function in functions]
    children.end(worker.process for workers, _ in drained for worker in workers)
    for _, idle in drained:
        for worker in idle:  # a busy worker is cleaned up by the thread that waits for it
            worker.close()


class _Worker:
    """One process, the two pipes to it, and its /tmp."""

    def __init__(self, spec: FunctionSpec, environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self._scratch = tempfile.mkdtemp(prefix="tmp-", dir=folder)
        answers, theirs = os.pipe()
        self._answers = os.fdopen(answers, "rb", buffering=0)
        try:
            with log.open("ab") as output:
                self.process: subprocess.Popen[bytes] = children.start(
                    "lightship.local.functions.worker",
                    spec.handler,
                    str(theirs),
                    environment={**environment, "TMPDIR": self._scratch},
                    folder=spec.folder,
                    log=output,
                    pass_fds=(theirs,),
                )
        except OSError as error:
            self._answers.close()
            raise FunctionFailed(f"cannot start in {spec.folder}: {error.strerror}") from None
        finally:
            os.close(theirs)
        self._pending = b""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_until_ready(self) -> None:
        self._answer(time.monotonic() + START_SECONDS, f"its handler was not imported within {START_SECONDS:g} seconds")

    def invoke(self, event: Any, timeout: float) -> Any:
        invocation = {"event": event, "id": str(uuid.uuid4()), "deadline": time.time() + timeout}
        deadline = time.monotonic() + timeout
        assert self.process.stdin is not None  # noqa: S101 - it was started with a pipe
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

    def _answer(self, deadline: float, too_late: str) -> Any:
        line = self._line(deadline)
        if line is None:
            in_time = time.monotonic() < deadline
            self.close()
            raise FunctionFailed(self._end() if in_time else too_late)
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
        "POWERTOOLS_TRACE_DISABLED": "true",  # there is no X-Ray daemon here
    }
