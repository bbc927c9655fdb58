"""The benchmarks' Runtime API server drives AWS's own runtime interface client; no timings here."""

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
    """Run a handler's source under the runtime interface client."""

    @contextmanager
    def run(source: str) -> Generator[RuntimeApi]:
        (tmp_path / "app.py").write_text(source)
        with RuntimeApi(patience=30) as api:
            environment = {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": api.address}
            command = [sys.executable, "-m", "awslambdaric", "app.handler"]
            with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
                try:
                    yield api
                finally:
                    process.kill()

    return run


def test_each_event_gets_its_own_answer(start: Start) -> None:
    with start(HANDLER) as api:
        answers = [json.loads(api.invoke(json.dumps({"number": number}).encode()).body) for number in (1, 2, 3)]
    assert [answer["doubled"] for answer in answers] == [2, 4, 6]
    assert len({answer["id"] for answer in answers}) == 3


def test_long_events_arrive_whole(start: Start) -> None:
    text = "é" * 1_000_000
    with start("def handler(event, context): return event") as api:
        assert json.loads(api.invoke(json.dumps(text, ensure_ascii=False).encode()).body) == text


def test_an_error_is_an_outcome_and_the_next_event_is_answered(start: Start) -> None:
    with start(HANDLER) as api:
        failed = api.invoke(b'{"fail": "on purpose"}')
        good = api.invoke(b'{"number": 4}')
    assert failed.failed
    assert json.loads(failed.body)["errorMessage"] == "on purpose"
    assert not good.failed
    assert json.loads(good.body)["doubled"] == 8


def test_a_handler_that_cannot_be_imported_is_reported(start: Start) -> None:
    with start("import nothing_of_this_name") as api, pytest.raises(RuntimeFailedError, match="nothing_of_this_name"):
        api.invoke(b"{}")


def test_a_runtime_that_never_comes_is_reported() -> None:
    with RuntimeApi(patience=0.1) as api, pytest.raises(RuntimeFailedError, match="silent"):
        api.invoke(b"{}")
