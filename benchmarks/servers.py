"""Part ``server``: long-running servers over loopback with their default settings.

The server has one core, the load generator another. All servers run at the same time, and each round measures them in
an order of its own. Part ``peers`` uses this module, too.
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
from benchmarks.child import run_module
from benchmarks.examples import Example
from benchmarks.figures import percentile, spread
from benchmarks.load import Measurement, drive
from benchmarks.order import shuffled
from benchmarks.stacks import BUILT, Stack

CONCURRENCIES = (1, 16)
_TIMEOUT = 90.0


@dataclass(frozen=True)
class Plan:
    """Number of rounds, and seconds of each measurement, longer for slow servers."""

    rounds: int
    seconds: float
    slow_seconds: float
    warm_up: float


FULL = Plan(rounds=3, seconds=2.0, slow_seconds=5.0, warm_up=0.5)
QUICK = Plan(rounds=1, seconds=1.0, slow_seconds=2.0, warm_up=0.3)


def measure(
    stacks: Sequence[Stack], examples: Sequence[Example], plan: Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    """Return figures by server and concurrency; ``step`` gets the name of each step.

    Raises RuntimeError if a server does not start, AssertionError for a wrong response.
    """
    served = _served(stacks)
    seen: dict[str, dict[int, list[Measurement]]] = {
        stack.name: {concurrency: [] for concurrency in CONCURRENCIES} for stack in served
    }
    with ExitStack() as started:
        ports = {}
        for stack in served:
            step(f"starting {stack.name}")
            ports[stack.name] = started.enter_context(running(stack, examples))
        for number in range(plan.rounds):
            for concurrency in CONCURRENCIES:
                for stack in shuffled(served, number):
                    step(f"round {number + 1} of {plan.rounds}, {concurrency} at once: {stack.name}")
                    seen[stack.name][concurrency].append(
                        _measure(stack, ports[stack.name], examples, concurrency, plan)
                    )
    return {
        "rounds": plan.rounds,
        "one_core_each": cores.pinnable(),
        "servers": {
            name: {str(concurrency): _summary(measurements) for concurrency, measurements in by_concurrency.items()}
            for name, by_concurrency in seen.items()
        },
    }


def steps(stacks: Sequence[Stack], plan: Plan) -> int:
    """Return the number of calls of ``step``."""
    return len(_served(stacks)) * (1 + plan.rounds * len(CONCURRENCIES))


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(stack: Stack, examples: Sequence[Example]) -> Iterator[int]:
    """Start a server and yield its port after its first correct responses."""
    port = free_port()
    log = BUILT / f"{stack.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, cores.last_core():
        process = subprocess.Popen(
            [part.format(port=port) for part in stack.server],
            cwd=stack.folder,
            env=stack.environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,  # to end all processes of a server together
        )
    try:
        if not _responds(process, stack, port, examples):
            written = log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{stack.name} does not respond, or with wrong predictions; its log:\n{written}")
        yield port
    finally:
        _end(process)


def _served(stacks: Sequence[Stack]) -> list[Stack]:
    return [stack for stack in stacks if stack.server]


def _responds(process: subprocess.Popen[bytes], stack: Stack, port: int, examples: Sequence[Example]) -> bool:
    """Wait for correct responses; some servers listen or return errors long before."""
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            seen = drive(port, examples, concurrency=1, seconds=0.5, warm_up=0.1, check=stack.predicts)
            if seen.latencies and seen.wrong is None:
                return True
        time.sleep(0.05)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server, first with SIGTERM so that BentoML ends its workers.

    They have sessions of their own.
    """
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _measure(stack: Stack, port: int, examples: Sequence[Example], concurrency: int, plan: Plan) -> Measurement:
    parameters = {
        "port": port,
        "examples": [asdict(example) for example in examples],
        "concurrency": concurrency,
        "seconds": plan.slow_seconds if stack.slow else plan.seconds,
        "warm_up": plan.warm_up,
        "check": stack.predicts,
    }
    result = Measurement(**run_module("benchmarks.load", parameters))
    assert result.wrong is None, f"{stack.name} sent a wrong response: {result.wrong}"
    assert result.latencies, f"{stack.name} sent no response in {result.seconds:.1f} seconds"
    return result


def _summary(measurements: Sequence[Measurement]) -> dict[str, Any]:
    latencies = [latency * 1000 for result in measurements for latency in result.latencies]
    return {
        "requests_per_second": spread([len(result.latencies) / result.seconds for result in measurements]),
        "latency_ms": {"p50": percentile(latencies, 50), "p99": percentile(latencies, 99), "requests": len(latencies)},
    }
