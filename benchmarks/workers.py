"""Part ``workers``: memory and requests of a server with one process and with two.

Servers of dense models of 1 MB and 64 MB run at the same time on all cores, and each round measures them in an order of
its own. Memory is what no other process shares (``Private_Dirty``), after requests. The load generator takes a part of
one core, so two processes on two cores answer less than twice as many requests for a quick model.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import cores, processes, servers
from benchmarks.child import run_module
from benchmarks.examples import Example, predict_examples
from benchmarks.figures import significant, spread
from benchmarks.load import Measurement
from benchmarks.order import shuffled
from benchmarks.stacks import BUILT, MODEL_NAME, Stack, lightship
from benchmarks.table import Row, Table, shown

# The number of units of a model's two layers.
MODELS = {"1 MB": 500, "64 MB": 4000}
PROCESSES = (1, 2)
AT_ONCE = 16


@dataclass(frozen=True)
class Plan:
    """Number of rounds, and seconds of each measurement."""

    rounds: int
    seconds: float


FULL = Plan(rounds=5, seconds=3.0)
QUICK = Plan(rounds=1, seconds=1.0)

# Random weights: only the size and the computing time matter. The inputs are those of the examples.
_DENSE = """
import sys, keras
from keras import layers
keras.utils.set_random_seed(7)
units = int(sys.argv[1])
keras.Sequential([
    layers.Input([3]), layers.Rescaling(0.01), layers.Dense(units, "relu"), layers.Dense(units, "relu"),
    layers.Dense(1, "sigmoid"),
]).save(sys.argv[2])
"""


@dataclass(frozen=True)
class _Running:
    """A running server and its number of processes that answer."""

    count: int
    port: int
    process: int


def measure(plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model and number of processes; ``step`` gets each step's name.

    Raises RuntimeError if a model cannot be made or a server does not start, AssertionError for a wrong response.
    """
    models = {}
    for name, units in MODELS.items():
        step(f"workers: making a model of {name}")
        registry, examples = _model(units)
        with ExitStack() as started:
            running = []
            for count in PROCESSES:
                step(f"workers: starting {count} for {name}")
                running.append(started.enter_context(_started(registry, count, examples)))
            models[name] = _compared(running, examples, plan, partial(_say, step, name))
    return {"rounds": plan.rounds, "at_once": AT_ONCE, "models": models}


def steps(plan: Plan) -> int:
    """Return the number of calls of ``step``."""
    return len(MODELS) * (1 + len(PROCESSES) * (1 + plan.rounds))


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the table of requests and memory."""
    part = results["workers"]
    rows: list[Row] = []
    for name, by_count in part["models"].items():
        first = by_count[str(PROCESSES[0])]["requests_per_second"]["median"]
        for count, figures in by_count.items():
            rate, memory = figures["requests_per_second"]["median"], figures["private_mib"]
            parent = shown(memory["parent"], "MiB") if memory["parent"] else ""
            each = " + ".join(f"{size:.0f}" for size in memory["workers"]) + " MiB"
            time = shown(figures["processor_us"]["median"], "µs")
            rows.append((name, count, shown(rate, "/s"), shown(rate / first, "x"), time, each, parent))
    heads = ("model", "processes", "requests", "ratio", "processor time of one", "private memory", "of the parent")
    return [Table(f"Workers: {part['at_once']} requests at once, {part['rounds']} rounds", heads, tuple(rows))]


def _model(units: int) -> tuple[Path, list[Example]]:
    registry, model = BUILT / "workers" / str(units), BUILT / f"dense-{units}.keras"
    shutil.rmtree(registry, ignore_errors=True)
    BUILT.mkdir(parents=True, exist_ok=True)
    _run("-c", _DENSE, str(units), str(model))
    _run("-m", "lightship", "compile", str(model), "--name", MODEL_NAME, "--registry", str(registry))
    return registry, predict_examples(model)


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cannot make a dense model: {done.stdout[-500:]}{done.stderr[-2000:]}")


@contextmanager
def _started(registry: Path, count: int, examples: Sequence[Example]) -> Iterator[_Running]:
    """Start a server that may use all cores."""
    stack = lightship(registry)
    stack = replace(stack, name=f"workers-{count}", server=(*stack.server, "--workers", str(count)))
    with servers.running(stack, examples) as port:
        process = _listening(stack, port)
        for each in (process, *processes.children(process)):
            cores.unpin(each)
        yield _Running(count, port, process)


def _listening(stack: Stack, port: int) -> int:
    """Return the process of a server's command."""
    words = [part.format(port=port) for part in stack.server]
    return next(process for process in processes.children(os.getpid()) if processes.command(process) == words)


def _compared(
    running: Sequence[_Running], examples: Sequence[Example], plan: Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    rates: dict[int, list[float]] = {server.count: [] for server in running}
    times: dict[int, list[float]] = {server.count: [] for server in running}
    for number in range(plan.rounds):
        for server in shuffled(running, number):
            step(f"round {number + 1} of {plan.rounds}, {server.count}")
            before = _processor_seconds(server.process)
            result = _drive(server.port, examples, plan)
            rates[server.count].append(len(result.latencies) / result.seconds)
            times[server.count].append((_processor_seconds(server.process) - before) / len(result.latencies) * 1e6)
    return {
        str(server.count): {
            "requests_per_second": spread(rates[server.count]),
            "processor_us": spread(times[server.count]),
            "private_mib": _memory(server.process),
        }
        for server in running
    }


def _say(step: Callable[[str], None], name: str, text: str) -> None:
    step(f"workers: {text}, {name}")


def _drive(port: int, examples: Sequence[Example], plan: Plan) -> Measurement:
    parameters = {
        "port": port,
        "examples": [asdict(example) for example in examples],
        "concurrency": AT_ONCE,
        "seconds": plan.seconds,
        "warm_up": 0.0,  # all requests count, because all take processor time
    }
    result = Measurement(**run_module("benchmarks.load", parameters))
    assert result.wrong is None, f"a wrong response: {result.wrong}"
    return result


def _processor_seconds(process: int) -> float:
    """Return the processor time of a server and its workers."""
    return sum(map(processes.processor_seconds, (process, *processes.children(process))))


def _memory(process: int) -> dict[str, Any]:
    """Return the private MiB of the workers, and of their parent if there is one."""
    workers = processes.children(process)
    return {
        "parent": significant(processes.private(process)) if workers else None,
        "workers": [significant(processes.private(each)) for each in workers or [process]],
    }
