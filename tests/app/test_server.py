"""Test the long-running server as a process: granian's limits, start and shutdown."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from lightship.registry.registry import Registry
from tests.bundles import Registries, republish
from tests.caches import CacheLock
from tests.emulator import ROOT

pytestmark = pytest.mark.alone  # timeouts of fractions of a second

BODY = b'{"input": [1.0, 2.0, 3.0]}'


@contextmanager
def serving(registry: Path | str, *words: str, **settings: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a server on a free port."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTSHIP_")}
    environment = {**clean, "PYTHONPATH": "src", "LIGHTSHIP_REGISTRY": str(registry), **settings}
    command = [sys.executable, "-u", "-m", "lightship", "serve", "--port", "0", *words]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(r"http://[^ ]*:(\d+)", line) for line in process.stdout)))
            yield process, int(found[1])
        finally:
            process.kill()


@pytest.fixture(scope="module")
def port(registries: Registries) -> Iterator[int]:
    settings = {"LIGHTSHIP_DEFAULT_MODEL": "quickstart", "LIGHTSHIP_IDLE_SECONDS": "1", "LIGHTSHIP_BODY_SECONDS": "1"}
    with serving(registries.examples, **settings) as (_, port):
        yield port


SIGNALLED = """
import signal, threading, time
from lightship.app.endpoint import Endpoint
from lightship.app.server import Server
from lightship.cli.output.terminal import interruptible
from lightship.settings import Settings

def send_later():
    threading.Thread(target=send).start()

def send():
    time.sleep(0.5)  # until the main thread waits: an earlier signal is handled at once
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

with interruptible():
    endpoint = Endpoint("127.0.0.1", 0)
    server = Server(Settings(registry="REGISTRY"), endpoint)
    server.run(lambda states: ANNOUNCE, grace=1)
    Endpoint("127.0.0.1", endpoint.port).close()  # raises unless the port is free
"""


@pytest.mark.parametrize(
    "announce",
    [
        pytest.param("send_later()", id="in another thread"),
        pytest.param("signal.raise_signal(signal.SIGTERM)", id="while it announces"),
    ],
)
def test_server_after_signal_is_closed(registries: Registries, announce: str) -> None:
    code = SIGNALLED.replace("REGISTRY", str(registries.small)).replace("ANNOUNCE", announce)
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"PYTHONPATH": "src"}, check=True, timeout=30
    )


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def read(connection: socket.socket) -> bytes:
    """Return all bytes until the server closes the connection."""
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def say(port: int, *pieces: bytes) -> bytes:
    with connect(port) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return read(connection)


def head(*lines: str, end: str = "close") -> bytes:
    return "\r\n".join([*lines, f"Connection: {end}", "", ""]).encode()


POST = ("POST /predict HTTP/1.1", "Host: localhost", "Content-Type: application/json")
LENGTH = f"Content-Length: {len(BODY)}"


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([head(*POST, LENGTH) + BODY], 200),
        ([head(*POST, LENGTH), BODY[:9], BODY[9:]], 200),
        ([head(*POST, "Transfer-Encoding: chunked"), b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)], 200),
        ([head(POST[0], POST[2], LENGTH), BODY], 400),
        ([head(*POST, "Host: localhost", LENGTH), BODY], 400),
        ([head(*POST, "Content-Length: 1", LENGTH), BODY], 400),
        ([head("GET /health/live HTTP/1.0")], 200),
        ([head(f"GET /{'x' * 9000} HTTP/1.1", POST[1])], 414),
        ([head(f"GET /{'x' * 90000} HTTP/1.1", POST[1])], 414),
        ([head(POST[0], POST[1], f"X-Long: {'x' * 40000}")], 431),
        ([head(POST[0], POST[1], *(f"X-{number}: 1" for number in range(200)))], 431),
        ([head("POST /predict HTTP/1.1", "Host: attacker.example", LENGTH), BODY], 403),
    ],
)
def test_request_has_expected_status(port: int, pieces: list[bytes], status: int) -> None:
    assert say(port, *pieces).split(b" ", 2)[1] == str(status).encode()


def test_expect_100_continue_is_answered_before_body(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(head(*POST, LENGTH, "Expect: 100-continue"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(BODY)
        assert b" 200 OK" in read(connection)


def test_upgrade_to_http2_is_answered_in_http1(port: int) -> None:
    offer = ("Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA", LENGTH)
    answered = say(port, head(*POST, *offer, end="Upgrade, HTTP2-Settings") + BODY)
    assert answered.startswith(b"HTTP/1.1 200")


def test_connection_is_kept_for_next_request(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as client:
        for _ in range(3):
            client.request("POST", "/predict", BODY, {"Content-Type": "application/json"})
            assert client.getresponse().read().startswith(b"[[")
            before, client.auto_open = client.sock, 0
            assert before is not None


@pytest.mark.parametrize("said", [b"", b"GET / HTT", head("GET / HTTP/1.1", "Host: localhost", end="keep-alive")])
def test_connection_without_complete_head_is_closed(port: int, said: bytes) -> None:
    begun = time.monotonic()
    say(port, said)
    assert time.monotonic() - begun < 10


def test_silent_connection_with_http2_enabled_is_never_closed(tmp_path: Path) -> None:
    """Document why only HTTP/1.1 is enabled.

    If this fails, granian closes such connections now, and HTTP/2 can be enabled.
    """
    code = (
        "import asyncio; from granian.constants import *; from granian.http import *\n"
        "from granian.server.embed import Server\n"
        "settings = HTTP1Settings(header_read_timeout=200)\n"
        "server = Server(None, port=PORT, interface=Interfaces.ASGINL, http=HTTPModes.auto, http1_settings=settings)\n"
        "asyncio.run(server.serve())\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-c", code.replace("PORT", str(port))], stdout=subprocess.DEVNULL
    ) as process:
        try:
            connection = _patiently(port)
            connection.settimeout(2)
            with connection, pytest.raises(TimeoutError):
                connection.recv(1)
        finally:
            process.kill()


def _patiently(port: int) -> socket.socket:
    until = time.monotonic() + 20
    while True:
        try:
            return connect(port)
        except ConnectionRefusedError:
            assert time.monotonic() < until


def test_slow_body_gets_408(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(head(*POST, LENGTH) + BODY[:3])
        assert read(connection).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("size", [1_000, 200_000, 10_000_000, 30_000_000])
def test_refused_client_sending_whole_body_reads_response(registries: Registries, size: int) -> None:
    with (
        serving(registries.examples, LIGHTSHIP_TOKEN="sesame") as (_, port),
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as client,
    ):
        client.putrequest("POST", "/predict")
        client.putheader("Content-Length", str(size))
        client.endheaders()
        try:
            client.send(bytes(size))
        except ConnectionError:
            assert size > 10 * 1024 * 1024, "bodies up to the limit are read completely"
        assert client.getresponse().status == 401


def test_connections_beyond_limit_wait_for_free_one(registries: Registries) -> None:
    with serving(registries.examples, LIGHTSHIP_CONNECTIONS="8") as (_, port):
        held = [connect(port) for _ in range(8)]
        answers: list[bytes] = []
        request = head("GET /health/live HTTP/1.1", "Host: localhost")
        asking = threading.Thread(target=lambda: answers.append(say(port, request)))
        asking.start()
        asking.join(0.5)
        assert not answers
        for connection in held:
            connection.close()
        asking.join(20)
        assert answers[0].startswith(b"HTTP/1.1 200")


def test_second_server_on_same_port_is_refused(port: int, registries: Registries) -> None:
    command = [sys.executable, "-m", "lightship", "serve", "--port", str(port), "--registry", str(registries.examples)]
    run = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "src"}, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert f"port {port}" in run.stderr
    assert "--port" in run.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_running_request_is_answered_after_signal(registries: Registries, number: signal.Signals) -> None:
    with serving(registries.examples, LIGHTSHIP_DEFAULT_MODEL="quickstart") as (process, port):
        with connect(port) as idle, connect(port) as connection:
            idle.sendall(head("GET /health/live HTTP/1.1", "Host: localhost", end="keep-alive"))
            assert idle.recv(1000)
            connection.sendall(head(*POST, LENGTH, "Expect: 100-continue"))
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")
            process.send_signal(number)
            with pytest.raises((ConnectionRefusedError, ConnectionResetError)):  # reset while the backlog is closed
                _until_refused(port)
            connection.sendall(BODY)
            assert b" 200 OK" in read(connection)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def _until_refused(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        connect(port).close()


def test_unfinished_request_is_aborted_after_grace(registries: Registries) -> None:
    with serving(registries.examples) as (process, port), connect(port) as connection:
        connection.sendall(head(*POST, LENGTH, "Expect: 100-continue"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.fixture
def lock(registries: Registries, s3_registry: str, tmp_path: Path) -> Iterator[CacheLock]:
    """Hold the lock of the cache for the model of a registry in S3."""
    republish(Registry(s3_registry), registries.small / "pair" / "1", "pair")
    with CacheLock(tmp_path / "cache") as lock:
        yield lock


def test_server_stopped_while_loading_exits_cleanly(
    lock: CacheLock, s3_registry: str, s3_environment: dict[str, str]
) -> None:
    port = _free_port()
    with _loading(s3_registry, port, s3_environment) as process:
        _patiently(port).close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@contextmanager
def _loading(registry: str, port: int, settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server that is still loading its models."""
    environment = {"PYTHONPATH": "src", "LIGHTSHIP_REGISTRY": registry, **settings}
    command = [sys.executable, "-m", "lightship", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_server_loading_models_is_alive_and_not_ready(
    lock: CacheLock, s3_registry: str, s3_environment: dict[str, str]
) -> None:
    port = _free_port()
    with _loading(s3_registry, port, s3_environment):
        _patiently(port).close()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            assert client.get("/health/live").status_code == 200
            assert client.get("/health/ready").status_code == 503
            lock.release()
            until = time.monotonic() + 60
            while client.get("/health/ready").status_code != 200:
                assert time.monotonic() < until
