"""Functions in local processes: Lambda's contract, and no orphaned processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lightship.local.functions.workers import FunctionFailed, ProcessFunction
from lightship.local.template.parts import FunctionSpec

FOLDER = Path(__file__).parent / "functions" / "echo"
ROOT = Path(__file__).parents[2]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:echo"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., ProcessFunction]]:
    made: list[ProcessFunction] = []

    def make(handler: str = "app.handler", *, timeout: float = 20.0, folder: Path = FOLDER) -> ProcessFunction:
        spec = FunctionSpec("Echo", "echo", ARN, folder, handler, timeout, 512, {"LIGHTSHIP_X": "1"}, http=False)
        made.append(ProcessFunction(spec, environment={"AWS_REGION": "us-east-1"}, folder=tmp_path))
        return made[-1]

    yield make
    for function in made:
        function.close()


def has_ended(pid: int) -> bool:
    """Return whether a process has ended; a zombie counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(true: Callable[[], bool]) -> bool:
    """Poll until true, for as long as a busy machine may need."""
    deadline = time.monotonic() + 20
    while not true():
        if time.monotonic() > deadline:
            return False
    return True


def test_invoke_handler_receives_event_and_context(make: Callable[..., ProcessFunction], tmp_path: Path) -> None:
    function = make()
    first, second = function.invoke({"word": "ä"}), function.invoke({"word": "b"})
    assert (first["event"], second["event"]) == ({"word": "ä"}, {"word": "b"})
    assert (first["name"], first["arn"], first["folder"]) == ("echo", ARN, str(FOLDER))
    assert first["request"] != second["request"]
    assert 0 < first["later"] < first["left"] <= 20_000
    assert first["pid"] == second["pid"] != os.getpid()
    assert first["environment"]["LIGHTSHIP_X"] == "1"
    assert first["environment"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert Path(first["temporary"]).parent == tmp_path
    assert "received" in function.log.read_text()


def test_invoke_handler_inherits_no_parent_variables(
    make: Callable[..., ProcessFunction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "secret")
    assert not {"AWS_SESSION_TOKEN", "LIGHTSHIP_TOKEN"} & set(make().invoke({})["environment"])


def test_invoke_handler_of_sibling_folder_is_found(make: Callable[..., ProcessFunction]) -> None:
    assert make("shout.app.handler").invoke({"Records": []}) == {"batchItemFailures": []}


def test_invoke_large_event_and_result_pass(make: Callable[..., ProcessFunction]) -> None:
    assert len(make().invoke({"big": 6_000_000, "more": "y" * 6_000_000})) == 6_000_000


def test_invoke_concurrently_uses_separate_processes(make: Callable[..., ProcessFunction]) -> None:
    function = make(timeout=5)
    with ThreadPoolExecutor(2) as pool:
        stuck = pool.submit(function.invoke, {"spin": True})
        assert wait_until(lambda: len(function.processes()) == 1)
        assert pool.submit(function.invoke, {}).result()["pid"] in function.processes()
        with pytest.raises(FunctionFailed, match="timed out"):
            stuck.result()


@pytest.mark.parametrize(
    ("event", "named", "survives"),
    [
        ({"raise": "x"}, "KeyError.*'x'", True),
        ({"unserialisable": 1}, "TypeError", True),
        ({"exit": 3}, "exit status 3", False),
    ],
)
def test_invoke_failure_is_reported_and_next_event_is_answered(
    make: Callable[..., ProcessFunction], event: dict[str, object], named: str, survives: bool
) -> None:
    function = make()
    before = function.invoke({})["pid"]
    with pytest.raises(FunctionFailed, match=named):
        function.invoke(event)
    assert (function.invoke({})["pid"] == before) is survives


def test_invoke_beyond_timeout_kills_process(make: Callable[..., ProcessFunction]) -> None:
    function = make(timeout=1)
    before = function.invoke({})
    with pytest.raises(FunctionFailed, match=r"timed out after 1\.00 seconds"):
        function.invoke({"spin": True})
    assert has_ended(before["pid"])
    assert not Path(before["temporary"]).exists()
    assert function.invoke({})["pid"] != before["pid"]


def test_close_ends_processes_started_by_handler(make: Callable[..., ProcessFunction]) -> None:
    function = make()
    grandchild = function.invoke({"grandchild": True})
    assert not has_ended(grandchild)
    function.close()
    assert wait_until(lambda: has_ended(grandchild))


@pytest.mark.parametrize(
    ("handler", "folder", "named"),
    [
        ("nothing.handler", FOLDER, "ModuleNotFoundError.*'nothing'"),
        ("app.nothing", FOLDER, "AttributeError"),
        ("app.handler", FOLDER / "nowhere", "nowhere"),
    ],
)
def test_invoke_handler_not_importable_names_reason(
    make: Callable[..., ProcessFunction], handler: str, folder: Path, named: str
) -> None:
    with pytest.raises(FunctionFailed, match=named):
        make(handler, folder=folder).invoke({})


def test_invoke_closed_function_fails(make: Callable[..., ProcessFunction]) -> None:
    function = make()
    function.close()
    with pytest.raises(FunctionFailed):
        function.invoke({})


PARENT = """
import sys
from pathlib import Path
from lightship.local.template.parts import FunctionSpec
from lightship.local.functions.workers import ProcessFunction
spec = FunctionSpec("Echo", "echo", "arn", Path(sys.argv[1]), "app.handler", 600, 512, {}, http=False)
function = ProcessFunction(spec, environment={}, folder=Path(sys.argv[2]))
print(function.invoke({})["pid"], flush=True)
function.invoke({"spin": True})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_worker_busy_ends_with_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(FOLDER), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert not has_ended(worker)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert wait_until(lambda: has_ended(worker))
