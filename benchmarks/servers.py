"""Long-running servers over loopback, with the settings they come with: part ``server``, and the servers of ``peers``.

The server has one core, the load generator the other. All servers are up at the same time, and rounds alternate
between them.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import cores
from benchmarks.figures import percentile, spread
from benchmarks.load import Seen, drive
from benchmarks.orders import carry_out
from benchmarks.questions import Question
from benchmarks.stacks import BUILT, Stack

CONCURRENCIES = (1, 16)
_PATIENCE = 90.0


@dataclass(frozen=True)
class Plan:
    """How often and how long: rounds, and seconds of each watch after its warm-up, longer where answers are few."""

    rounds: int
    seconds: float
    slow_seconds: float
    warm_up: float


FULL = Plan(rounds=3, seconds=2.0, slow_seconds=5.0, warm_up=0.5)
QUICK = Plan(rounds=1, seconds=1.0, slow_seconds=2.0, warm_up=0.3)


def measure(
    stacks: Sequence[Stack], questions: Sequence[Question], plan: Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    """Figures by server and concurrency. ``step`` is told what comes next. Raises RuntimeError, AssertionError."""
    served = _served(stacks)
    seen: dict[str, dict[int, list[Seen]]] = {
        stack.name: {concurrency: [] for concurrency in CONCURRENCIES} for stack in served
    }
    with ExitStack() as running:
        ports = {}
        for stack in served:
            step(f"starting {stack.name}")
            ports[stack.name] = running.enter_context(_server(stack, questions))
        for number in range(plan.rounds):
            for concurrency in CONCURRENCIES:
                for stack in served:
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


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _served(stacks: Sequence[Stack]) -> list[Stack]:
    return [stack for stack in stacks if stack.server]


@contextmanager
def _server(stack: Stack, questions: Sequence[Question]) -> Iterator[int]:
    """A running server's port, once it has given its first right answers."""
    port = free_port()
    log = BUILT / f"{stack.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, cores.apart():
        process = subprocess.Popen(
            [part.format(port=port) for part in stack.server],
            cwd=stack.folder,
            env=stack.environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,  # some are several processes, which end together
        )
    try:
        if not _answers(process, stack, port, questions):
            said = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{stack.name} does not answer, or gives wrong answers; it said:\n{said}")
        yield port
    finally:
        _end(process)


def _answers(process: subprocess.Popen[bytes], stack: Stack, port: int, questions: Sequence[Question]) -> bool:
    """Whether it comes to answer: some listen, or answer with errors, long before they can."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            seen = drive(port, questions, concurrency=1, seconds=0.5, warm_up=0.1, check=stack.predicts)
            if seen.latencies and seen.wrong is None:
                return True
        time.sleep(0.05)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Politely first: BentoML's workers have sessions of their own, and end only when it tells them."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _watch(stack: Stack, port: int, questions: Sequence[Question], concurrency: int, plan: Plan) -> Seen:
    orders = {
        "port": port,
        "questions": [asdict(question) for question in questions],
        "concurrency": concurrency,
        "seconds": plan.slow_seconds if stack.slow else plan.seconds,
        "warm_up": plan.warm_up,
        "check": stack.predicts,
    }
    seen = Seen(**carry_out("benchmarks.load", orders))
    assert seen.wrong is None, f"{stack.name} gave a wrong answer: {seen.wrong}"
    assert seen.latencies, f"{stack.name} gave no answer in {seen.seconds:.1f} seconds"
    return seen


def _summary(watches: Sequence[Seen]) -> dict[str, Any]:
    latencies = [latency * 1000 for seen in watches for latency in seen.latencies]
    return {
        "requests_per_second": spread([len(seen.latencies) / seen.seconds for seen in watches]),
        "latency_ms": {"p50": percentile(latencies, 50), "p99": percentile(latencies, 99), "requests": len(latencies)},
    }
