"""Compile worker functions in local processes behind Lambda's Invoke API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lightship.local.functions import workers
from lightship.local.functions.invocations import Invocations
from lightship.local.functions.workers import ProcessFunction
from lightship.local.template.parts import FunctionSpec
from tests.emulator import EXAMPLES, ROOT

# As in the template; reused between jobs (faster); uploads nothing; uploads forged answers.
WORKER, WARM, SILENT, FORGER = "worker", "warm", "silent", "forger"

_FOLDERS = {
    WORKER: "functions/compile",
    WARM: "functions/compile",
    SILENT: "tests/local/functions/echo",
    FORGER: "tests/handlers/forger",
}
_BUNDLE = {"LIGHTSHIP_FORGER_BUNDLE": str(EXAMPLES / "quickstart" / "1")}


def _spec(name: str) -> FunctionSpec:
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    folder = ROOT / _FOLDERS[name]
    return FunctionSpec(name, name, arn, folder, "app.handler", 600.0, 3008, _BUNDLE, http=False, once=name == WORKER)


@dataclass(frozen=True)
class LocalLambda:
    """The endpoint of the Invoke API, and the folder of the functions' logs."""

    endpoint: str
    folder: Path


@contextmanager
def invocations(folder: Path) -> Iterator[LocalLambda]:
    """Serve the functions. They have no credentials."""
    functions = {name: ProcessFunction(_spec(name), environment={}, folder=folder) for name in _FOLDERS}
    server = Invocations()
    server.serve(functions)
    yield LocalLambda(server.endpoint, folder)
    workers.close(functions.values())
    server.close()
