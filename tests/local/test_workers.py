"""Functions in processes of their own: what Lambda promises a handler, and that nothing outlives its parent."""

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


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(true: Callable[[], bool]) -> bool:
    """Look for as long as a loaded machine may need."""
    deadline = time.monotonic() + 20
    while not true():
        if time.monotonic() > deadline:
            return False
    return True


def test_a_handler_sees_its_event_and_context(make: Callable[..., ProcessFunction], tmp_path: Path) -> None:
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
    assert "heard" in function.log.read_text()


def test_nothing_of_the_parents_environment_reaches_it(
    make: Callable[..., ProcessFunction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "secret")
    assert not {"AWS_SESSION_TOKEN", "LIGHTSHIP_TOKEN"} & set(make().invoke({})["environment"])


def test_a_handler_of_an_image_of_several_functions(make: Callable[..., ProcessFunction]) -> None:
    assert make("shout.app.handler").invoke({"Records": []}) == {"batchItemFailures": []}


def test_big_events_and_answers_pass(make: Callable[..., ProcessFunction]) -> None:
    assert len(make().invoke({"big": 6_000_000, "more": "y" * 6_000_000})) == 6_000_000


def test_invocations_at_the_same_time_have_processes_of_their_own(make: Callable[..., ProcessFunction]) -> None:
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
        ({"unspeakable": 1}, "TypeError", True),
        ({"exit": 3}, "exit status 3", False),
    ],
)
def test_a_failure_is_said_and_the_next_event_is_answered(
    make: Callable[..., ProcessFunction], event: dict[str, object], named: str, survives: bool
) -> None:
    function = make()
    before = function.invoke({})["pid"]
    with pytest.raises(FunctionFailed, match=named):
        function.invoke(event)
    assert (function.invoke({})["pid"] == before) is survives


def test_beyond_its_timeout_it_is_killed(make: Callable[..., ProcessFunction]) -> None:
    function = make(timeout=1)
    before = function.invoke({})
    with pytest.raises(FunctionFailed, match=r"timed out after 1\.00 seconds"):
        function.invoke({"spin": True})
    assert gone(before["pid"])
    assert not Path(before["temporary"]).exists()
    assert function.invoke({})["pid"] != before["pid"]


def test_what_a_handler_started_ends_with_it(make: Callable[..., ProcessFunction]) -> None:
    function = make()
    grandchild = function.invoke({"grandchild": True})
    assert not gone(grandchild)
    function.close()
    assert wait_until(lambda: gone(grandchild))


@pytest.mark.parametrize(
    ("handler", "folder", "named"),
    [
        ("nothing.handler", FOLDER, "ModuleNotFoundError.*'nothing'"),
        ("app.nothing", FOLDER, "AttributeError"),
        ("app.handler", FOLDER / "nowhere", "nowhere"),
    ],
)
def test_a_handler_that_cannot_be_imported(
    make: Callable[..., ProcessFunction], handler: str, folder: Path, named: str
) -> None:
    with pytest.raises(FunctionFailed, match=named):
        make(handler, folder=folder).invoke({})


def test_a_closed_function_takes_nothing(make: Callable[..., ProcessFunction]) -> None:
    function = make()
    function.close()
    with pytest.raises(FunctionFailed):
        function.invoke({})


PARENT = """
import sys, threading
from pathlib import Path
from lightship.local.template.parts import FunctionSpec
from lightship.local.functions.workers import ProcessFunction
spec = FunctionSpec("Echo", "echo", "arn", Path(sys.argv[1]), "app.handler", 600, 512, {}, http=False)
function = ProcessFunction(spec, environment={}, folder=Path(sys.argv[2]))
print(function.invoke({})["pid"], flush=True)
threading.Thread(target=function.invoke, args=({"spin": True},)).start()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_busy_worker_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(FOLDER), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert not gone(worker)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert wait_until(lambda: gone(worker))
