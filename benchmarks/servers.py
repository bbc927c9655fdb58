"""Part ``server``: long-running servers over loopback, one process each, with the settings they come with.

The server has one core, the load generator the other. All servers are up at the same time, and rounds alternate
between them.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import cores
from benchmarks.figures import percentile, spread
from benchmarks.load import Seen, drive
from benchmarks.questions import ROOT, Question
from benchmarks.stacks import MODEL_NAME, Stack

CONCURRENCIES = (1, 16)
_PATIENCE = 60.0


@dataclass(frozen=True)
class Plan:
    """How often and how long: rounds, and seconds of each watch after its warm-up, longer where answers are few."""

    rounds: int
    seconds: float
    slow_seconds: float
    warm_up: float


FULL = Plan(rounds=4, seconds=2.0, slow_seconds=6.0, warm_up=0.5)
QUICK = Plan(rounds=1, seconds=1.0, slow_seconds=2.0, warm_up=0.3)


def measure(
    stacks: Sequence[Stack], questions: Sequence[Question], plan: Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    """Figures by server and concurrency. ``step`` is told what comes next. Raises RuntimeError, AssertionError."""
    seen: dict[str, dict[int, list[Seen]]] = {
        stack.name: {concurrency: [] for concurrency in CONCURRENCIES} for stack in _served(stacks)
    }
    with ExitStack() as running:
        ports = {}
        for stack in _served(stacks):
            step(f"starting {stack.name}")
            ports[stack.name] = running.enter_context(_server(stack, questions))
        for number in range(plan.rounds):
            for concurrency in CONCURRENCIES:
                for stack in _served(stacks):
                    step(f"round {number + 1} of {plan.rounds}, {concurrency} at once: {stack.name}")
                    seen[stack.name][concurrency].append(_watch(stack, ports[stack.name], questions, concurrency, plan))
    return {
        "rounds": plan.rounds,
        "one_core_each": cores.pinnable(),
        "servers": {
            name: {str(concurrency): _summary(watches) for concurrency, watches in by_concurrency.items()}
            for name, by_concurrency in seen.items()
        },
    }


def steps(stacks: Sequence[Stack], plan: Plan) -> int:
    """How often ``step`` will be called."""
    return len(_served(stacks)) * (1 + plan.rounds * len(CONCURRENCIES))


def _served(stacks: Sequence[Stack]) -> list[Stack]:
    return [stack for stack in stacks if stack.name in _COMMANDS]


def _command(stack: Stack, port: int) -> list[str]:
    return [sys.executable, *(part.format(port=port, **stack.variables) for part in _COMMANDS[stack.name])]


_COMMANDS: dict[str, tuple[str, ...]] = {
    "usual": ("-m", "uvicorn", "app:app", "--port", "{port}"),
    "lightship": (
        *("-m", "lightship", "serve", "--port", "{port}"),
        *("--registry", "{LIGHTSHIP_REGISTRY}", "--default", MODEL_NAME),
    ),
    "noop": ("server.py", "{port}"),
}


@contextmanager
def _server(stack: Stack, questions: Sequence[Question]) -> Iterator[int]:
    """A running server's port, once it has given its first answer."""
    port = _free_port()
    log = ROOT / "build" / "benchmarks" / f"{stack.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, cores.apart():
        process = subprocess.Popen(
            _command(stack, port), cwd=stack.folder, env=stack.environment(), stdout=output, stderr=output
        )
    try:
        _wait(process, port, log)
        drive(port, questions, concurrency=1, seconds=0.5, warm_up=0.1, check=False)
        yield port
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server does not listen; it said:\n{log.read_text(errors='replace')[-2000:]}")


def _watch(stack: Stack, port: int, questions: Sequence[Question], concurrency: int, plan: Plan) -> Seen:
    orders = {
        "port": port,
        "questions": [asdict(question) for question in questions],
        "concurrency": concurrency,
        "seconds": plan.slow_seconds if stack.slow else plan.seconds,
        "warm_up": plan.warm_up,
        "check": stack.predicts,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=_PATIENCE,
    )
    assert done.returncode == 0, f"the load generator failed: {done.stderr[-2000:]}"
    seen = Seen(**json.loads(done.stdout))
    assert seen.wrong is None, f"{stack.name} gave a wrong answer: {seen.wrong}"
    assert seen.latencies, f"{stack.name} gave no answer in {seen.seconds:.1f} seconds"
    return seen


def _summary(watches: Sequence[Seen]) -> dict[str, Any]:
    latencies = [latency * 1000 for seen in watches for latency in seen.latencies]
    return {
        "requests_per_second": spread([len(seen.latencies) / seen.seconds for seen in watches]),
        "latency_ms": {"p50": percentile(latencies, 50), "p99": percentile(latencies, 99), "requests": len(latencies)},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
