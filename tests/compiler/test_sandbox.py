from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lightship.compiler.sandbox import Confinement, Limits, Task, hiding, memory, process, run, targets
from lightship.errors import CompileError, ParityError, SourceRefused
from tests.compiler.conftest import ROOT

DEFAULT = Limits()


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set secrets in the parent's environment, and PYTHONPATH for the probes."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "hunter2")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")


def probe(name: str, limits: Limits = DEFAULT, **job: Any) -> dict[str, Any]:
    return run(Task("tests.compiler.probes", {"probe": name, **job}), Confinement(limits=limits)).result


def test_child_environment_contains_nothing_of_parent() -> None:
    seen = probe("look_around")
    unexpected = seen["environ"].keys() - {
        *process.FIXED_VARIABLES,
        *process.INHERITED_VARIABLES,
        "HOME",
        "TMPDIR",
        "PYTHONPATH",
        "LC_CTYPE",
    }
    assert not unexpected
    assert not {"wJalrXUtnFEMI", "hunter2"} & set(seen["environ"].values())
    assert seen["environ"]["HOME"] == seen["cwd"] != str(Path.home())
    assert not Path(seen["cwd"]).exists()  # afterwards
    assert seen["stdin"] == ""
    assert seen["session"]
    assert seen["limits"] == {"RLIMIT_CPU": 3600, "RLIMIT_CORE": 0}


def test_child_before_confinement_imports_no_module_with_threads() -> None:
    assert not {"numpy", "orjson", "h5py", "tensorflow"} & set(probe("look_around")["modules"])


def test_run_returns_proof_and_means() -> None:
    outcome = run(Task("tests.compiler.probes", {"probe": "look_around"}))
    assert outcome.proof == "kernel"
    assert "seccomp" in outcome.measures


def test_escape_attempts_in_child_and_grandchild_are_refused() -> None:
    with targets.provide() as probe_targets:
        seen = probe("escape", targets=dataclasses.asdict(probe_targets))
    for process_ in ("here", "grandchild"):
        assert len(seen[process_]) >= 20
        assert set(seen[process_].values()) <= {"EPERM", "EACCES"}


def test_sockets_of_every_family_are_refused() -> None:
    seen = probe("open_sockets")
    assert {"AF_UNIX", "AF_INET", "AF_INET6", "AF_VSOCK", "AF_NETLINK"} <= seen.keys()
    assert set(seen.values()) == {"EPERM"}


def test_files_not_listed_in_task_are_unreadable(tmp_path: Path) -> None:
    named, sibling, folder = tmp_path / "named", tmp_path / "sibling", tmp_path / "output"
    named.touch()
    sibling.touch()
    folder.mkdir()
    (folder / "there").touch()
    paths = [named, sibling, folder / "there", "/etc/passwd", f"{Path.home()}/.profile", f"/proc/{os.getpid()}/environ"]
    job = {"probe": "read", "paths": list(map(str, paths))}
    seen = run(Task("tests.compiler.probes", job, reads=[named], writes=[folder])).result
    assert [seen[str(path)] for path in paths[:3]] == ["possible", "EACCES", "possible"]
    assert {seen[str(path)] for path in paths[3:]} <= {"EACCES", "ENOENT"}


def test_files_outside_task_folders_are_not_writable(tmp_path: Path) -> None:
    named, folder = tmp_path / "named", tmp_path / "output"
    named.touch()
    folder.mkdir()
    paths = [str(path) for path in (named, tmp_path / "beside", folder / "new", Path(__file__))]
    job = {"probe": "write", "paths": paths}
    seen = run(Task("tests.compiler.probes", job, reads=[named], writes=[folder])).result
    assert list(seen.values()) == ["EACCES", "EACCES", "possible", "EACCES"]
    assert (folder / "new").read_bytes() == b"written"


def test_unreadable_source_is_named(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.touch(mode=0o000)
    if os.geteuid() == 0:
        os.chown(source, 65534, 65534)
    with pytest.raises(SourceRefused, match="source"):
        run(Task("tests.compiler.probes", {"probe": "look_around"}, reads=[source]))


def test_undumpable_process_is_unreadable_for_same_user() -> None:
    """Read /proc/PID/environ as an ordinary user before, during and after hiding."""
    command = "import tests.compiler.test_sandbox as test; test.print_readability()"
    environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    done = subprocess.run([sys.executable, "-c", command], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["read", "PermissionError", "read"]


def print_readability() -> None:
    if os.geteuid() == 0:
        os.setuid(65534)
    with hiding.undumpable():
        pass  # setuid made the process undumpable; leaving the context makes it dumpable again
    print_readable()
    with hiding.undumpable(), hiding.undumpable():
        print_readable()
    print_readable()


def print_readable() -> None:
    """Print whether a process of the same user can read this one's environment."""
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


def test_child_inherits_no_descriptor(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        seen = probe("list_descriptors")
    assert sorted(link.split(":")[0].rsplit("/", 1)[-1] for link in seen.values()) == [
        "null",
        "null",
        "pipe",
        "pipe",
    ]


def test_processor_time_over_limit_is_refused() -> None:
    with pytest.raises(SourceRefused, match="processor time"):
        probe("spin", Limits(cpu_seconds=1))


def test_wall_time_over_limit_stops_child_and_grandchildren(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match=" 2 s"):
        probe_in(tmp_path, "sleep", Limits(wall_seconds=2))
    pids = (tmp_path / "pids").read_text().split()
    assert len(pids) == 2
    assert all(gone(int(pid)) for pid in pids)


def test_child_running_on_without_result_is_not_reported_out_of_memory() -> None:
    with pytest.raises(SourceRefused, match="did not end"):
        probe("close_pipe")


def probe_in(folder: Path, name: str, limits: Limits = DEFAULT) -> dict[str, Any]:
    job = {"probe": name, "note": str(folder / "pids")}
    return run(Task("tests.compiler.probes", job, writes=[folder]), Confinement(limits=limits)).result


def test_file_size_over_limit_is_cut() -> None:
    assert probe("write_much", Limits(file_bytes=4 * 1024**2))["size"] == 4 * 1024**2


@pytest.mark.parametrize("grandchild", [False, True])
def test_memory_over_limit_is_refused(grandchild: bool) -> None:
    with pytest.raises(SourceRefused, match="200 MiB"):
        probe("take_memory", Limits(memory_bytes=200 * 1024**2, wall_seconds=60), grandchild=grandchild)


def test_memory_over_machine_size_is_refused() -> None:
    with pytest.raises(SourceRefused, match="memory"):
        probe("take_addresses")


def test_memory_share_is_limited_by_ceiling() -> None:
    assert memory.share(ceiling=1024**3) == 0.75 * 1024**3


def test_child_killed_by_kernel_is_refused_with_memory() -> None:
    with pytest.raises(SourceRefused, match="memory"):
        probe("kill_itself")


def test_child_with_many_processes_is_stopped() -> None:
    with pytest.raises(SourceRefused, match="processes"):
        probe("start_many", Limits(wall_seconds=60))


def test_new_process_group_is_refused() -> None:
    assert set(probe("leave_group").values()) == {"EPERM"}


def test_child_crash_is_refused_with_signal() -> None:
    with pytest.raises(SourceRefused, match="SIGSEGV"):
        probe("crash")


def test_call_over_limit_has_no_log_as_detail() -> None:
    with pytest.raises(SourceRefused, match="--slow") as refused:
        probe("hang_after_log")
    assert refused.value.detail == ""


def test_crash_has_error_without_log_lines_as_detail() -> None:
    with pytest.raises(SourceRefused, match="exit code 3") as refused:
        probe("fail_after_log")
    assert refused.value.detail == "Check failed: the cause"


def test_unexpected_error_is_reported_with_class_and_stage(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CompileError) as failure:
        probe("fail")
    assert "probing" in failure.value.message
    assert "KeyError" in failure.value.message
    assert "text of the model" not in failure.value.message  # a model file can choose the text
    assert failure.value.detail == "KeyError: 'text of the model'"
    assert capfd.readouterr() == ("", "")


HOSTILE = {
    "text": "not an event\n",
    "list": "[]\n",
    "deep": "[" * 100_000 + "\n",
    "stage": '{"stage": 1, "done": "all"}\n',
    "infinite": '{"stage": "a", "done": Infinity}\n',
    "result": '{"result": [1]}\n',
    "error": '{"error": 1, "message": {}, "detail": []}\n',
    "proof again": '{"proof": "kernel", "measures": []}\n',
    "not proven late": '{"not_proven": "a kernel"}\n',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_invalid_event_is_refused(text: str) -> None:
    with pytest.raises(SourceRefused, match="event"):
        probe("send", Limits(wall_seconds=60), text=text)


@pytest.mark.parametrize(
    ("text", "times", "named"), [('{"stage": "a", "done": 0}\n', 20_000, "events"), ("x" * 65536, 300, "bytes")]
)
def test_event_flood_is_refused(text: str, times: int, named: str) -> None:
    with pytest.raises(SourceRefused, match=named):
        probe("send", Limits(wall_seconds=60), text=text, times=times)


def test_output_flood_uses_no_disk_space() -> None:
    assert probe("flood_output", Limits(wall_seconds=60))["home"] < 100_000


def test_hostile_message_is_shortened_and_printable() -> None:
    text = json.dumps({"error": "source_refused", "message": "\x1b[2J" + "x" * 10_000, "detail": ""}) + "\n"
    with pytest.raises(SourceRefused) as refusal:
        probe("send", text=text)
    assert refusal.value.message.isprintable()
    assert len(refusal.value.message) <= 2000


def test_lightship_error_of_child_keeps_class() -> None:
    with pytest.raises(ParityError, match="they differ"):
        probe("fail_parity")
    with pytest.raises(CompileError, match="it is broken"):
        probe("break_bundle")


def test_child_ends_when_parent_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    command = (
        "import pathlib; from tests.compiler.test_sandbox import probe_in; "
        f"probe_in(pathlib.Path({str(tmp_path)!r}), 'sleep')"
    )
    environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    parent = subprocess.Popen([sys.executable, "-c", command], env=environ)
    until(lambda: note.exists() and len(note.read_text().split()) == 2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child, grandchild = map(int, note.read_text().split())
    until(lambda: gone(child))
    with contextlib.suppress(ProcessLookupError):
        os.kill(grandchild, signal.SIGKILL)  # only a living parent ends the processes of its child


def until(condition: Any, seconds: float = 30.0) -> None:
    """Wait until a condition is true; fail after a timeout."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"the condition is still false after {seconds} s"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Return whether a process has ended, including zombies."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
