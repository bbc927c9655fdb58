"""Where awslambdaric runs us, our marshaller and our client do its work; elsewhere nothing is touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.handlers.runtime_apis import ACCEPTED, ScriptedRuntimeApi, event

HANDLER = """
import os, signal, sys, threading
from lightship.handlers import runtime

signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
if "USUAL" not in os.environ:
    runtime.install()
    module = sys.modules["awslambdaric.lambda_runtime_client"]
    once = module.runtime_client, vars(module.LambdaRuntimeClient).copy()
    runtime.install()
    assert once == (module.runtime_client, vars(module.LambdaRuntimeClient))

started, start = [], threading.Thread.start
threading.Thread.start = lambda thread: [started.append(thread), start(thread)] and None

def handler(event, context):
    if "fail" in event:
        raise ValueError(event["fail"])
    module = sys.modules["awslambdaric.lambda_runtime_client"]
    return {
        "client": type(module.runtime_client).__name__,
        "marshaller": type(module.LambdaRuntimeClient.marshaller).__name__,
        "threads": len(started),
        "seconds_left": context.get_remaining_time_in_millis() / 1000,
        "length": len(event.get("text", "")),
    }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(HANDLER)
    return tmp_path


LENGTHS = (0, 10, 100_000, 2_000_000)


def test_the_runtime_works_by_our_means(folder: Path) -> None:
    usual, ours = [answers(folder, variables) for variables in ({"USUAL": "1"}, {})]
    assert [answer["length"] for answer in ours] == [answer["length"] for answer in usual] == [*LENGTHS]
    assert {(answer["client"], answer["marshaller"]) for answer in usual} == {("module", "LambdaMarshaller")}
    assert {(answer["client"], answer["marshaller"]) for answer in ours} == {("RuntimeClient", "Marshaller")}
    assert all(0 < answer["seconds_left"] <= 300 for answer in (*ours, *usual))


def test_no_event_costs_a_thread(folder: Path) -> None:
    """AWS's own client starts one for each event where it knows itself on Python 3.12 and later."""
    later = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}
    usual, ours = [answers(folder, later | variables) for variables in ({"USUAL": "1"}, {})]
    assert [answer["threads"] for answer in usual] == [1, 2, 3, 4]
    assert [answer["threads"] for answer in ours] == [0, 0, 0, 0]


def answers(folder: Path, variables: dict[str, str]) -> list[dict[str, Any]]:
    with Emulator(folder=folder, environment=variables) as emulator:
        return [emulator.invoke({"text": "é" * length}) for length in LENGTHS]


def test_an_error_is_told_and_the_next_event_is_answered(folder: Path) -> None:
    with Emulator(folder=folder) as emulator:
        failed = emulator.invoke({"fail": "Zoë\nsays no"})
        good = emulator.invoke({})
    assert (failed["errorType"], failed["errorMessage"]) == ("ValueError", "Zoë\nsays no")
    assert good["client"] == "RuntimeClient"


@pytest.mark.parametrize(
    ("version", "variables", "untouched"),
    [
        ("4.2.99", {}, False),
        ("4.3.0", {}, True),
        ("1.2.2", {}, True),
        ("unknown", {}, True),
        ("4.2.99", {"AWS_LAMBDA_MAX_CONCURRENCY": "8"}, True),
    ],
    ids=["known", "newer", "older", "unknown", "events side by side"],
)
def test_what_nobody_has_tried_is_left_alone(version: str, variables: dict[str, str], untouched: bool) -> None:
    script = f"""
import awslambdaric
awslambdaric.__version__ = "{version}"
import awslambdaric.lambda_runtime_client as module
usual, client = module.runtime_client, vars(module.BaseLambdaRuntimeClient) | vars(module.LambdaRuntimeClient)
from lightship.handlers import runtime
runtime.install()
now = vars(module.BaseLambdaRuntimeClient) | vars(module.LambdaRuntimeClient)
print(module.runtime_client is usual and now == client)
"""
    assert run(script, AWS_LAMBDA_RUNTIME_API="127.0.0.1:1", **variables) == f"{untouched}\n"


def test_without_the_runtime_nothing_is_loaded() -> None:
    script = """
import sys
from lightship.handlers import runtime
runtime.install()
print([name for name in sys.modules if name.startswith("awslambdaric")])
"""
    assert run(script, AWS_LAMBDA_RUNTIME_API="127.0.0.1:1") == "[]\n"


def test_a_signal_gets_through_while_it_waits(folder: Path) -> None:
    """SIGTERM is how Lambda says that an execution environment ends."""
    with ScriptedRuntimeApi([event(b"{}"), ACCEPTED]) as api:
        environment = os.environ | {"AWS_LAMBDA_RUNTIME_API": api.address}
        command = [sys.executable, "-m", "awslambdaric", "app.handler"]
        with subprocess.Popen(command, cwd=folder, env=environment) as process:
            try:
                api.wait(asked=3)
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 7
            finally:
                process.kill()
    result: dict[str, Any] = json.loads(api.asked[1].body)
    assert result["client"] == "RuntimeClient"


def run(script: str, **variables: str) -> str:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout
