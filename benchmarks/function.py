"""A stack as a Lambda function: a process of AWS's runtime client."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cores
from benchmarks.runtime_api import RuntimeApi, RuntimeFailedError

# Environment variables that the runtime client reads for each event; Lambda sets them.
_VARIABLES = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/benchmark",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]benchmark",
}


@dataclass(frozen=True)
class Function:
    """A running function: its API, its process, and when it was started.

    ``started`` is in perf_counter seconds.
    """

    api: RuntimeApi
    pid: int
    started: float


@contextmanager
def running(name: str, python: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Function]:
    """Start the handler of ``app.py`` in a folder on the last core; end it afterwards.

    ``python`` is the command of the interpreter. A RuntimeFailedError within gets the end of the function's log.
    """
    with RuntimeApi() as api, tempfile.TemporaryFile() as log:
        variables = {"AWS_LAMBDA_RUNTIME_API": api.address, "AWS_LAMBDA_FUNCTION_NAME": name, **_VARIABLES}
        with cores.last_core():
            started = time.perf_counter()
            process = subprocess.Popen(
                [*python, "-m", "awslambdaric", "app.handler"],
                cwd=folder,
                env={**environment, **variables},
                stdout=log,
                stderr=log,
            )
        try:
            yield Function(api, process.pid, started)
        except RuntimeFailedError as error:
            log.seek(0)
            output = log.read().decode(errors="replace")[-2000:]
            raise RuntimeFailedError(f"{name}: {error}\n{output}") from None
        finally:
            process.kill()
            process.wait()
