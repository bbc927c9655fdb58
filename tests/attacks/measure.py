"""Cost of an attack: memory growth, processor time, and time without answers."""

from __future__ import annotations

import http.client
import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.attacks import TOKEN, Attack
from tests.emulator import ROOT

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """The cost of one attack, and its outcome."""

    megabytes: float
    cpu: float
    stall: float
    outcome: str


@contextmanager
def serving(source: Path, registry: Path) -> Iterator[tuple[int, int]]:
    """Run a server of a folder's code; return its process id and port."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTSHIP_")}
    settings = {"LIGHTSHIP_TOKEN": TOKEN, "LIGHTSHIP_DEFAULT_MODEL": "quickstart", "LIGHTSHIP_BODY_SECONDS": "2"}
    environment = {**clean, **settings, "PYTHONPATH": str(source), "LIGHTSHIP_REGISTRY": str(registry)}
    command = [sys.executable, "-u", "-m", "lightship", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(r"http://[^ ]*:(\d+)", line) for line in process.stdout)))
            yield process.pid, int(found[1])
        finally:
            process.kill()


def cost(attack: Attack, source: Path, registry: Path) -> Cost:
    """Run an attack against a new server."""
    allow_files(4096)
    with serving(source, registry) as (process, port):
        assert _live(port) < 5
        watch = _Watch(process, port)
        outcome = attack.run(port)
        return watch.end(outcome)


def allow_files(count: int) -> None:
    """Raise this process's limit of open files, if permitted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


class _Watch:
    """Threads that sample a process's memory and the latency of its health route."""

    def __init__(self, process: int, port: int) -> None:
        self._process = process
        self._port = port
        self._stopped = threading.Event()
        self._memory = self._most = _memory(process)
        self._cpu = _cpu(process)
        self._stall = 0.0
        self._threads = [threading.Thread(target=self._sample_memory), threading.Thread(target=self._sample_latency)]
        for thread in self._threads:
            thread.start()

    def end(self, outcome: str) -> Cost:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        return Cost((self._most - self._memory) / 1e6, _cpu(self._process) - self._cpu, self._stall, outcome)

    def _sample_memory(self) -> None:
        while not self._stopped.wait(0.01):
            self._most = max(self._most, _memory(self._process))

    def _sample_latency(self) -> None:
        while not self._stopped.wait(0.02):
            self._stall = max(self._stall, _live(self._port))


def _live(port: int) -> float:
    """Return the seconds until ``/health/live`` answers, 30 at most."""
    begun = time.monotonic()
    while time.monotonic() - begun < 30:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as client:
                client.request("GET", "/health/live")
                if client.getresponse().read():
                    break
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
    return time.monotonic() - begun


def _memory(process: int) -> int:
    """Return the resident memory in bytes."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
