"""The Lambda handler under AWS's runtime interface emulator of the SAM CLI.

No Docker is needed. ``python -m tests.emulator`` (or ``make emulate``) starts it for manual use; tests and benchmarks
use :class:`Emulator`.
"""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent

# The compiled examples of `make examples`; ./models belongs to the user.
EXAMPLES = ROOT / "build" / "examples" / "models"
_INVOKE = "/2015-03-31/functions/function/invocations"
_PATIENCE = 60.0


class Emulator:
    """Context manager that runs a Lambda runtime with one function.

    Args:
        handler: ``module.function``, relative to ``folder``.
        folder: the function's code.
        environment: variables of the function, added to a minimal environment.
        port: port to listen on; 0 selects a free one.
        python: the interpreter and its options.
        runtime: command used in place of AWS's runtime; the handler's name is appended.
        patience: seconds to wait for a response.
    """

    def __init__(
        self,
        handler: str = "app.handler",
        *,
        folder: Path = ROOT / "functions" / "predict",
        environment: Mapping[str, str] | None = None,
        port: int = 0,
        python: Sequence[str] = (sys.executable,),
        runtime: Sequence[str] = (),
        patience: float = _PATIENCE,
    ) -> None:
        self.port = port or _free_port()
        self._handler, self._folder = handler, folder
        self._runtime = runtime or (*python, "-m", "awslambdaric")
        self._environment = {**_bare(), **(environment or {})}
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=patience, trust_env=False)

    def __enter__(self) -> Emulator:
        self._process = subprocess.Popen(  # in a new session, so that the runtime ends with the emulator
            [
                *(str(_binary()), "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"),
                *("--runtime-api-address", f"127.0.0.1:{_free_port()}"),
                *(*self._runtime, self._handler),
            ],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_for_port()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Send one event and return the response; the first one starts the runtime."""
        answer: dict[str, Any] = self._client.post(_INVOKE, json=event).json()
        return answer

    @property
    def pid(self) -> int:
        """Return the process id of the emulator, the parent of the runtime."""
        return self._process.pid

    def _wait_for_port(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the emulator ended with code {self._process.returncode}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        raise TimeoutError(f"the emulator does not listen on port {self.port} after {_PATIENCE:.0f} seconds")


def _bare() -> dict[str, str]:
    """Return the function's environment: the library under test, no credentials."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "src"),
        "AWS_LAMBDA_FUNCTION_NAME": "predict",
        "LIGHTSHIP_REGISTRY": str(EXAMPLES),
        "LIGHTSHIP_DEFAULT_MODEL": "quickstart",
    }


def _binary() -> Path:
    spec = find_spec("samcli")
    assert spec is not None and spec.origin is not None
    name = "aws-lambda-rie-arm64" if platform.machine() in {"arm64", "aarch64"} else "aws-lambda-rie-x86_64"
    return Path(spec.origin).parent / "local" / "rapid" / name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Serve events until Ctrl-C."""
    with Emulator(port=9000) as emulator:
        url = f"http://127.0.0.1:{emulator.port}{_INVOKE}"
        print(f"the Lambda function accepts events; copy this line:\n\ncurl -d @events/predict.json {url}\n")
        stop = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, stop)
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
