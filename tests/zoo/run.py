"""Run groups of the zoo in child processes, where a crash affects one model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.zoo.groups import Group
from tests.zoo.rows import REFUSED, Row, read

ROOT = Path(__file__).parents[2]
WORKERS = 2


@dataclass(frozen=True)
class Chunk:
    """Models that share a process."""

    group: Group
    names: tuple[str, ...]


def run(group: Group, names: Sequence[str] = ()) -> list[Row]:
    """Measure a group, or models of it; print a line for each process that ends."""
    every = list(names) or _names(group)
    starts = range(0, len(every), group.process)
    chunks = [Chunk(group, tuple(every[start : start + group.process])) for start in starts]
    with ThreadPoolExecutor(WORKERS) as workers:
        return [row for rows in workers.map(_measure, chunks) for row in rows]


def _names(group: Group) -> list[str]:
    """Return a group's names from another process: this one never loads TensorFlow."""
    command = [sys.executable, "-m", "tests.zoo.chunk", "--list", group.name]
    done = subprocess.run(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, check=True, text=True)
    return list(json.loads(done.stdout.splitlines()[-1]))


def _measure(chunk: Chunk) -> list[Row]:
    """Return the rows of a chunk's models.

    After a process crashed, the models after the one that crashed it are measured in a new process.
    """
    remaining, rows = deque(chunk.names), list[Row]()
    while remaining:
        start = time.monotonic()
        found, how = _child(chunk.group, list(remaining))
        rows += found
        for _ in found:
            remaining.popleft()
        if remaining and how:
            rows.append(Row(chunk.group.name, remaining.popleft(), REFUSED, (f"the process ended: {how}",)))
        litert = sum(row.on_litert for row in found)
        took = time.monotonic() - start
        print(f"{chunk.group.name}: {len(found)} models, {litert} on LiteRT, {took:.0f} s {how}", flush=True)
    return rows


def _child(group: Group, names: list[str]) -> tuple[list[Row], str]:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work, "rows")
        command = [sys.executable, "-m", "tests.zoo.chunk", str(path), group.name, *names]
        with Path(work, "log").open("w") as log:
            try:
                done = subprocess.run(
                    command,
                    cwd=ROOT,
                    env=_environment(),
                    stdout=log,
                    stderr=log,
                    check=False,
                    timeout=group.minutes * 60,
                )
                how = "" if done.returncode == 0 else _ended(done.returncode)
            except subprocess.TimeoutExpired:
                how = f"after {group.minutes:g} minutes"
        return read(path), how


def _environment() -> dict[str, str]:
    paths = [os.environ.get("PYTHONPATH", ""), str(ROOT / "src"), str(ROOT)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _ended(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"
