"""The local stack: moto, the template's functions, and the pollers between them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from lightship.errors import NotFound
from lightship.local.cloud import Cloud
from lightship.local.functions import workers
from lightship.local.functions.invocations import Invocations
from lightship.local.functions.poller import Poller, Polling
from lightship.local.functions.workers import ProcessFunction
from lightship.local.template import wiring
from lightship.local.template.parts import SourceMapping, Wiring

# Seconds for all threads together to notice that their processes have ended.
_THREADS_SECONDS = 0.5


class Stack:
    """A running template, as a context manager that leaves nothing behind.

    Args:
        template: the SAM template.
        overrides: values of its parameters instead of their defaults.
        port: port of AWS's API on the loopback interface; 0 selects a free one.
        redeliver: as in :class:`Polling`; None keeps the queues' visibility timeouts, as on AWS.
        on_failure: called with the function's logical name and a message for every failed invocation.
    """

    def __init__(
        self,
        template: Path,
        *,
        overrides: Mapping[str, str] | None = None,
        port: int = 0,
        redeliver: int | None = None,
        on_failure: Callable[[str, str], None] = lambda function, reason: None,
    ) -> None:
        self._ending = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="lightship-up-"))
        self._ending.callback(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            self.cloud = Cloud(self.folder, port=port)
            self._ending.callback(self.cloud.close)
            self.wiring: Wiring = wiring.read(template, endpoint=self.cloud.endpoint, overrides=overrides)
        except BaseException:
            self._ending.close()
            raise
        self._invocations = Invocations()
        self._ending.callback(self._invocations.close)
        shared = {
            **self.cloud.environment,
            "AWS_REGION": wiring.REGION,
            "AWS_ENDPOINT_URL_LAMBDA": self._invocations.endpoint,
            "LIGHTSHIP_TRANSFORMS_FOLDER": str(template.resolve().parent / "transforms"),
        }
        self.functions = {
            name: ProcessFunction(spec, environment=shared, folder=self.folder)
            for name, spec in self.wiring.functions.items()
        }
        self._invocations.serve({function.spec.name: function for function in self.functions.values()})
        self._redeliver, self._on_failure = redeliver, on_failure
        self._pollers: list[Poller] = []

    def __enter__(self) -> Stack:
        """Create the resources and start polling; functions start at the first message."""
        try:
            self.cloud.make(self.wiring)
            sqs = self.cloud.client("sqs", attempts=1)  # pollers retry
            self._pollers = [self._poller(mapping, sqs) for mapping in self.wiring.mappings]
        except BaseException:
            self._ending.close()
            raise
        self._ending.callback(workers.close, self.functions.values())
        for poller in self._pollers:
            poller.start()
            self._ending.callback(poller.stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process, and wait for the threads up to a common deadline."""
        self.cloud.begin_close()
        self._ending.close()
        deadline = time.monotonic() + _THREADS_SECONDS
        for poller in self._pollers:
            poller.join(max(0.0, deadline - time.monotonic()))

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which a process uses this stack.

        They are the endpoint, dummy credentials and the region.
        """
        return dict(self.cloud.environment)

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function by its logical name, like ``aws lambda invoke``.

        Raises NotFound or FunctionFailed.
        """
        if function not in self.functions:
            raise NotFound(f"there is no function {function!r}: the template has {', '.join(self.functions) or 'none'}")
        return self.functions[function].invoke(event)

    def processes(self) -> list[int]:
        """Return the ids of all child processes."""
        pids = (pid for function in self.functions.values() for pid in function.processes())
        return [self.cloud.process.pid, *pids]

    def _poller(self, mapping: SourceMapping, sqs: Any) -> Poller:
        return Poller(
            mapping,
            self.functions[mapping.function],
            sqs,
            Polling(max(2, os.cpu_count() or 2), self._redeliver),
            on_failure=lambda mapping, reason: self._on_failure(mapping.function, reason),
        )
