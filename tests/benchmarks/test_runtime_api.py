"""Runtime API server of the benchmarks with AWS's runtime client; no timings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from benchmarks.runtime_api import RuntimeApi, RuntimeFailedError

HANDLER = """
def handler(event, context):
    if "fail" in event:
        raise ValueError(event["fail"])
    return {"doubled": event["number"] * 2, "id": context.aws_request_id}
"""

Start = Callable[[str], AbstractContextManager[RuntimeApi]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Return a context manager that runs a handler's source in the runtime client."""

    @contextmanager
    def run(source: str) -> Generator[RuntimeApi]:
        (tmp_path / "app.py").write_text(source)
        with RuntimeApi(timeout=30) as api:
            environment = {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": api.address}
            command = [sys.executable, "-m", "awslambdaric", "app.handler"]
            with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
                try:
                    yield api
                finally:
                    process.kill()

    return run


def test_invoke_events_returns_result_of_each(start: Start) -> None:
    with start(HANDLER) as api:
        results = [json.loads(api.invoke(json.dumps({"number": number}).encode()).body) for number in (1, 2, 3)]
    assert [result["doubled"] for result in results] == [2, 4, 6]
    assert len({result["id"] for result in results}) == 3


def test_invoke_long_event_is_complete(start: Start) -> None:
    text = "é" * 1_000_000
    with start("def handler(event, context): return event") as api:
        assert json.loads(api.invoke(json.dumps(text, ensure_ascii=False).encode()).body) == text


def test_invoke_failing_event_returns_error_and_continues(start: Start) -> None:
    with start(HANDLER) as api:
        failed = api.invoke(b'{"fail": "on purpose"}')
        good = api.invoke(b'{"number": 4}')
    assert failed.failed
    assert json.loads(failed.body)["errorMessage"] == "on purpose"
    assert not good.failed
    assert json.loads(good.body)["doubled"] == 8


def test_invoke_unimportable_handler_raises(start: Start) -> None:
    with start("import nothing_of_this_name") as api, pytest.raises(RuntimeFailedError, match="nothing_of_this_name"):
        api.invoke(b"{}")


def test_invoke_without_runtime_raises() -> None:
    with RuntimeApi(timeout=0.1) as api, pytest.raises(RuntimeFailedError, match="sent nothing"):
        api.invoke(b"{}")
