from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lightship.compiler import sandbox
from lightship.compiler.sandbox import Limits, processes
from lightship.errors import CompileError, ParityError, SourceRefused
from tests.compiler.conftest import ROOT


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a parent may hold; and the tests' own folder, where the child finds its probes."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "hunter2")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")


def probe(name: str, limits: Limits | None = None, **job: Any) -> dict[str, Any]:
    return sandbox.run("tests.compiler.probes", {"probe": name, **job}, limits=limits)


def test_the_child_knows_nothing_of_its_parent() -> None:
    seen = probe("look_around")
    unexpected = seen["environ"].keys() - {*sandbox._FIXED, *sandbox._KEPT, "HOME", "TMPDIR", "PYTHONPATH", "LC_CTYPE"}
    assert not unexpected
    assert not {"wJalrXUtnFEMI", "hunter2"} & set(seen["environ"].values())
    assert seen["environ"]["HOME"] == seen["cwd"] != str(Path.home())
    assert not Path(seen["cwd"]).exists()  # afterwards
    assert seen["stdin"] == ""
    assert seen["session"]
    assert seen["limits"] == {"RLIMIT_CPU": 3600, "RLIMIT_CORE": 0, "RLIMIT_AS": 32 * 1024**3}


def test_the_child_cannot_read_its_parents_environment() -> None:
    """The superuser reads /proc all the same, so there this is only about what the kernel lets other users do."""
    if os.geteuid():
        assert probe("read_parent")["refused"] == "PermissionError"
    else:
        pytest.skip("the superuser reads every process: see the next test")


def test_a_process_hides_from_others_of_its_user() -> None:
    """Without the superuser's rights, which it gives up first: readable before, not while hidden, again after."""
    command = "import tests.compiler.test_sandbox as test; test.hide_and_seek()"
    environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    done = subprocess.run([sys.executable, "-c", command], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["read", "PermissionError", "read"]


def hide_and_seek() -> None:
    if os.geteuid() == 0:
        os.setuid(65534)
    with processes.undumpable():
        pass  # giving up rights has hidden the process: this undoes it
    seek()
    with processes.undumpable(), processes.undumpable():
        seek()
    seek()


def seek() -> None:
    """Let another process of the same user read this one's environment, and say how that went."""
    pid = os.getpid()
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        found = b"AWS_SECRET_ACCESS_KEY" in Path(f"/proc/{pid}/environ").read_bytes()
        word = "read" if found else "nothing"
    except OSError as error:
        word = type(error).__name__
    os.write(1, f"{word} ".encode())
    os._exit(0)


def test_the_child_reaches_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = probe("connect", port=server.getsockname()[1])
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert seen["refused"].pop("AF_UNIX") == "opened"
    assert set(seen["refused"].values()) == {"PermissionError"}
    assert {"AF_INET", "AF_INET6", "AF_VSOCK", "AF_NETLINK"} <= seen["refused"].keys()
    assert seen["grandchild"] == "PermissionError: [Errno 1] Operation not permitted"


def test_the_child_inherits_no_descriptor(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        seen = probe("list_descriptors")
    assert sorted(link.split(":")[0].rsplit("/", 1)[-1] for link in seen.values()) == [
        "noise.txt",
        "null",
        "null",
        "pipe",
    ]


def test_a_spinning_child_is_stopped() -> None:
    with pytest.raises(SourceRefused, match="took more than 1 s of processor time: it was stopped"):
        probe("spin", Limits(cpu_seconds=1))


def test_a_waiting_child_and_its_children_are_stopped(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    with pytest.raises(SourceRefused, match=r"took too long or too much memory \(over 2 s\): it was stopped"):
        probe("sleep", Limits(wall_seconds=2), note=str(note))
    for pid in note.read_text().split():
        assert gone(int(pid))


def test_files_and_memory_are_bounded() -> None:
    assert probe("write_much", Limits(file_bytes=4 * 1024**2))["size"] == 4 * 1024**2
    with pytest.raises(SourceRefused, match="opening this model takes more than 32 GiB of memory"):
        probe("take_memory")


def test_a_crash_is_a_sentence() -> None:
    with pytest.raises(SourceRefused, match=r"crashed \(SIGSEGV\): nothing was published"):
        probe("crash")


def test_an_unexpected_error_is_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceRefused, match="ended without a result: KeyError: 'of our own'"):
        probe("fail")
    assert capfd.readouterr() == ("", "")


def test_our_errors_keep_their_class() -> None:
    with pytest.raises(ParityError, match="they differ"):
        probe("disagree")
    with pytest.raises(CompileError, match="it is broken"):
        probe("break_bundle")


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    command = f"from tests.compiler.test_sandbox import probe; probe('sleep', note={str(note)!r})"
    environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    parent = subprocess.Popen([sys.executable, "-c", command], env=environ)
    until(lambda: note.exists() and len(note.read_text().split()) == 2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child, grandchild = map(int, note.read_text().split())
    until(lambda: gone(child))
    with contextlib.suppress(ProcessLookupError):
        os.kill(grandchild, signal.SIGKILL)  # what a child starts of its own is ended by a parent that lives only


def until(condition: Any, seconds: float = 30.0) -> None:
    """Wait for something that will happen; fail where it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has reaped yet counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
