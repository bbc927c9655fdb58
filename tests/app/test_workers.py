"""Test `lightship serve --workers` as processes over loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.app.test_server import BODY, LENGTH, POST, _until_refused, connect, head, read, say, serving
from tests.app.worker_processes import clients, until, workers
from tests.bundles import Registries
from tests.emulator import ROOT

pytestmark = [
    pytest.mark.alone,  # processes and their times
    pytest.mark.skipif(sys.platform != "linux", reason="workers share a port on Linux only"),
]

TWO = ("--workers", "2")
PREDICT = ("POST", "/models/quickstart/predict", {"input": [1.0, 2.0, 3.0]})


@pytest.fixture(scope="module")
def server(registries: Registries) -> Iterator[tuple[int, int]]:
    """Yield the process and the port of a server with two workers."""
    settings = {"LIGHTSHIP_DEFAULT_MODEL": "quickstart", "LIGHTSHIP_ALLOW_ADMIN": "1"}
    with serving(registries.examples, *TWO, **settings) as (process, port):
        yield process.pid, port


def counted(port: int, name: str) -> float:
    """Return the sum of a metric's samples."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name}{{"))


def test_metrics_are_sums_over_workers(server: tuple[int, int]) -> None:
    process, port = server
    before = counted(port, "lightship_rows_total")
    with clients(process, port) as connected:
        assert len({client.worker for client in connected}) == 2
        for client in connected:
            assert client.ask(*PREDICT)[0] == 200
    assert counted(port, "lightship_rows_total") - before == len(connected)
    loaded = len(httpx.get(f"http://127.0.0.1:{port}/models").json()["models"])
    until(lambda: counted(port, "lightship_model_loaded") == 2 * loaded)


def test_unload_with_workers_is_refused(server: tuple[int, int]) -> None:
    _, port = server
    for change in ("load", "unload"):
        answer = httpx.post(f"http://127.0.0.1:{port}/v2/repository/models/quickstart/{change}")
        assert answer.status_code == 403
        assert "worker" in answer.text


def test_signal_to_worker_is_ignored(server: tuple[int, int]) -> None:
    process, port = server
    before = workers(process)
    for worker in before:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(worker, number)
    with clients(process, port):
        assert workers(process) == before


def test_second_server_on_port_of_workers_is_refused(server: tuple[int, int], registries: Registries) -> None:
    for words in ((), TWO):
        done = refused("--port", str(server[1]), "--registry", str(registries.examples), *words)
        assert f"port {server[1]}" in done.stderr


def refused(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is refused at start."""
    command = [sys.executable, "-m", "lightship", "serve", *words]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTSHIP_")}
    done = subprocess.run(
        command, cwd=ROOT, env={**clean, "PYTHONPATH": "src", **settings}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--workers", "0"], "--workers"),
        (["--workers", "2", "--app", "os:getcwd"], "--app"),
        (["--workers", "2", "--default", "nope"], "nope"),
    ],
)
def test_workers_with_wrong_argument_exit_2(registries: Registries, words: list[str], named: str) -> None:
    done = refused("--port", "0", "--registry", str(registries.examples), *words)
    assert named in done.stderr


def test_workers_with_missing_bucket_exit_2(s3_environment: dict[str, str]) -> None:
    done = refused("--port", "0", "--registry", "s3://missing-bucket/models", *TWO, **s3_environment)
    assert "missing-bucket" in done.stderr


def test_setting_of_workers_wrong_value_exits_2(registries: Registries) -> None:
    done = refused("--port", "0", "--registry", str(registries.examples), LIGHTSHIP_WORKERS="two")
    assert "LIGHTSHIP_WORKERS" in done.stderr


def test_killed_worker_is_replaced_and_counts_continue(registries: Registries) -> None:
    with serving(registries.examples, LIGHTSHIP_WORKERS="2") as (process, port):
        with clients(process.pid, port) as connected:
            for client in connected:
                assert client.ask(*PREDICT)[0] == 200
            before = workers(process.pid)
            os.kill(before[0], signal.SIGKILL)
            for client in connected:
                if client.worker == before[1]:
                    assert client.ask(*PREDICT)[0] == 200
        until(lambda: len(workers(process.pid)) == 2 and before[0] not in workers(process.pid))
        until(lambda: counted(port, "lightship_model_loaded") == 2 * len(list(registries.examples.iterdir())))
        with clients(process.pid, port) as again:
            for client in again:
                assert client.ask(*PREDICT)[0] == 200
        others = sum(client.worker == before[1] for client in connected)
        assert counted(port, "lightship_rows_total") == len(connected) + others + len(again)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        written = process.stderr.read()
    assert re.search(rf"process {before[0]}\) was killed by signal 9", written)
    assert "Traceback" not in written


def test_worker_failing_to_start_again_is_retried(registries: Registries, tmp_path: Path) -> None:
    module, text = tmp_path / "own.py", "from lightship import create_app\n\ndef make():\n    return create_app()\n"
    module.write_text(text)
    settings = {"PYTHONPATH": f"src{os.pathsep}{tmp_path}", "PYTHONDONTWRITEBYTECODE": "1"}
    with serving(registries.examples, *TWO, "--app", "own:make", **settings) as (process, port):
        module.write_text("raise ValueError('broken')\n")
        for worker in workers(process.pid):
            os.kill(worker, signal.SIGKILL)
        with pytest.raises((ConnectionRefusedError, ConnectionResetError)):
            _until_refused(port)
        assert process.stderr is not None
        until(lambda: "own cannot be imported" in process.stderr.readline())  # type: ignore[union-attr]
        module.write_text(text)
        until(lambda: _answers(port))


def test_threads_are_divided_among_workers(registries: Registries, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import os\nfrom lightship import create_app\n\ndef make():\n    app = create_app()\n"
        "    app.get('/threads')(lambda: [app.core.settings.threads, os.environ['OMP_NUM_THREADS'],"
        " os.environ['RAYON_NUM_THREADS']])\n    return app\n"
    )
    settings = {
        "PYTHONPATH": f"src{os.pathsep}{tmp_path}",
        "LIGHTSHIP_THREADS": "5",
        "LIGHTSHIP_WORKERS": "2",
        "RAYON_NUM_THREADS": "7",
    }
    with serving(registries.examples, "--app", "own:make", **settings) as (_, port):
        share = max(1, len(os.sched_getaffinity(0)) // 2)
        assert httpx.get(f"http://127.0.0.1:{port}/threads").json() == [2, str(share), "7"]


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_workers_of_killed_parent_end(registries: Registries, tmp_path: Path) -> None:
    with serving(registries.examples, *TWO, TMPDIR=str(tmp_path)) as (process, port):
        ending = workers(process.pid)
        process.kill()
        process.wait()
        until(lambda: not any(Path(f"/proc/{worker}/cmdline").exists() for worker in ending))
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))
    assert not list(tmp_path.iterdir()), "the folder of metrics"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_requests_of_all_workers_are_answered_after_signal(
    registries: Registries, tmp_path: Path, number: signal.Signals
) -> None:
    settings = {"LIGHTSHIP_DEFAULT_MODEL": "quickstart", "TMPDIR": str(tmp_path)}
    with serving(registries.examples, *TWO, **settings) as (process, port):
        assert len(list(tmp_path.iterdir())) == 1
        running = [connect(port) for _ in range(16)]
        for connection in running:
            connection.sendall(head(*POST, LENGTH, "Expect: 100-continue"))
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        process.send_signal(number)
        for worker in workers(process.pid):  # as a supervisor does that signals all processes
            os.kill(worker, number)
        with pytest.raises((ConnectionRefusedError, ConnectionResetError)):
            _until_refused(port)
        for connection in running:
            connection.sendall(BODY)
            assert b" 200 OK" in read(connection)
            connection.close()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert not list(tmp_path.iterdir()), "the folder of metrics"


def test_unfinished_request_of_worker_is_aborted_after_grace(registries: Registries) -> None:
    with serving(registries.examples, *TWO) as (process, port), connect(port) as connection:
        connection.sendall(head(*POST, LENGTH, "Expect: 100-continue"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        ending = workers(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not any(Path(f"/proc/{worker}/cmdline").exists() for worker in ending)


ANNOUNCED = """
import os, signal
from lightship.app.endpoint import Endpoint
from lightship.app.workers import Workers
from lightship.cli.output.terminal import interruptible
from lightship.settings import Settings

with interruptible():
    workers = Workers(Settings(registry="REGISTRY", workers=2), Endpoint("127.0.0.1", 0), factory=None, grace=1)
    workers.run(lambda states: signal.raise_signal(signal.SIGTERM))
    try:
        print(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        print("none is left")
"""


def test_workers_after_signal_while_announced_are_ended(registries: Registries) -> None:
    code = ANNOUNCED.replace("REGISTRY", str(registries.small))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert run.stdout == "none is left\n", run.stderr


def test_access_log_of_workers_has_one_line_for_each_request(registries: Registries) -> None:
    with serving(registries.examples, *TWO, LIGHTSHIP_ACCESS_LOG="1") as (process, port):
        path = "x" * 900

        def ask(number: int) -> bytes:
            return say(port, head(f"GET /{path}{number} HTTP/1.1", "Host: localhost"))[:12]

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(200))) == {b"HTTP/1.1 404"}
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        lines = [json.loads(line) for line in process.stdout if line.startswith("{")]
    assert {line["path"] for line in lines} == {f"/{path}{number}" for number in range(200)}
    assert len(lines) == 200
