"""Runtime of the function that opens model files: one invocation per process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lightship.handlers.once import empty
from tests.emulator import ROOT, Emulator
from tests.handlers.runtime_apis import ACCEPTED, ScriptedRuntimeApi, event

APP = """
import os, sys, threading, time
from lightship.errors import Unavailable

def handler(event, context):
    if "raise" in event:
        raise {"own": Unavailable("retry"), "foreign": KeyError("a secret")}[event["raise"]]
    threading.Thread(target=time.sleep, args=(600,)).start()  # as a library may leave one running
    return {"pid": os.getpid(), "event": event, "request": context.aws_request_id,
            "remaining": context.get_remaining_time_in_millis(), "files": os.listdir(sys.argv[1])}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text(APP)
    return code


def run(
    folder: Path, scratch: Path, *answers: bytes
) -> tuple[subprocess.CompletedProcess[str], list[tuple[str, bytes]]]:
    """Run the runtime; return the process and its requests to the Runtime API."""
    scratch.mkdir(exist_ok=True)
    with ScriptedRuntimeApi(answers) as api:
        command = [sys.executable, "-m", "lightship.handlers.once", str(scratch), "app.handler"]
        environment = os.environ | {"AWS_LAMBDA_RUNTIME_API": api.address, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done, [(received.line, received.body) for received in api.requests]


def test_once_serves_one_event_and_ends_with_running_thread(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "left-by-another-job").write_text("x")
    done, requests = run(folder, tmp_path / "scratch", event(b'{"a": 1}'), ACCEPTED, event(b'{"a": 2}'))
    assert done.returncode == 0, done.stderr
    (first, _), (second, body) = requests  # and no third request
    assert first.startswith("GET /2018-06-01/runtime/invocation/next ")
    assert second.startswith("POST /2018-06-01/runtime/invocation/1-2-3/response ")
    answer = json.loads(body)
    assert (answer["event"], answer["request"], answer["files"]) == ({"a": 1}, "1-2-3", [])


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("own", {"errorType": "Unavailable", "errorMessage": "retry"}),
        ("foreign", {"errorType": "KeyError", "errorMessage": "see the log of this function"}),
    ],
)
def test_once_handler_raises_posts_error_and_ends(
    folder: Path, tmp_path: Path, kind: str, error: dict[str, str]
) -> None:
    done, requests = run(folder, tmp_path / "scratch", event(json.dumps({"raise": kind}).encode()), ACCEPTED)
    assert done.returncode == 0
    assert requests[1][0].startswith("POST /2018-06-01/runtime/invocation/1-2-3/error ")
    assert json.loads(requests[1][1]) == error
    assert "a secret" not in done.stdout + done.stderr


def test_once_folder_cannot_be_emptied_takes_no_event(folder: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.write_text("not a folder")
    with ScriptedRuntimeApi([event(b"{}")]) as api:
        command = [sys.executable, "-m", "lightship.handlers.once", str(scratch), "app.handler"]
        environment = os.environ | {"AWS_LAMBDA_RUNTIME_API": api.address, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=60)
        assert done.returncode != 0
        assert api.requests == []


def test_once_under_emulator_starts_new_process_for_every_event(folder: Path, tmp_path: Path) -> None:
    """Run under the emulator, which reports the end as a failure after the answer."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = (sys.executable, "-m", "lightship.handlers.once", str(scratch))
    with Emulator("app.handler", folder=folder, runtime=command) as emulator:
        answers = []
        for number in range(3):
            answers.append(emulator.invoke({"number": number}))
            (scratch / f"left-{number}").write_text("x")
    assert [answer["event"]["number"] for answer in answers] == [0, 1, 2]
    assert len({answer["pid"] for answer in answers}) == 3
    assert [answer["files"] for answer in answers] == [[], [], []]


def test_empty_removes_locked_folders_and_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    scratch = tmp_path / "scratch"
    locked = scratch / "a" / "b"
    locked.mkdir(parents=True)
    (locked / "file").write_text("x")
    (scratch / "link").symlink_to(outside)
    (scratch / "a" / "dangling").symlink_to("/nowhere")
    os.mkfifo(scratch / "pipe")
    locked.chmod(0)
    (scratch / "a").chmod(0)
    empty(scratch)
    assert list(scratch.iterdir()) == []
    assert (outside / "kept").exists()
