"""Part ``batching``: gain and cost of micro-batching for a convolutional model.

Calls are made as by the server, with one call at a time and many at once, but without HTTP, which would take most of
the time. :mod:`benchmarks.batching_calls` measures each engine in a new process.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.stacks import BUILT

ENGINES = ("litert", "tensorflow")


@dataclass(frozen=True)
class Plan:
    """Number of rounds, with and without batches in turn, and their seconds."""

    rounds: int
    seconds: float


FULL = Plan(rounds=4, seconds=1.5)
QUICK = Plan(rounds=1, seconds=0.5)

# Random weights: only the computing time matters.
_CONVOLUTIONAL = """
import sys, keras
from keras import layers
keras.utils.set_random_seed(7)
keras.Sequential([
    layers.Input([64, 64, 3]),
    layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
    layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(),
    layers.Flatten(), layers.Dense(256, "relu"), layers.Dense(10, "softmax"),
]).save(sys.argv[1])
"""


def measure(plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Return calls per second by engine, concurrency and largest batch.

    Raises RuntimeError if a process fails.
    """
    registry, model = BUILT / "convolutional", BUILT / "convolutional.keras"
    shutil.rmtree(registry, ignore_errors=True)
    BUILT.mkdir(parents=True, exist_ok=True)
    step("creating a convolutional model")
    _run("-c", _CONVOLUTIONAL, str(model))
    engines = {}
    for engine in ENGINES:
        step(f"batching: {engine}")
        _run(
            "-m",
            "lightship",
            "compile",
            str(model),
            *("--name", engine),
            *("--engine", engine),
            *("--registry", str(registry)),
        )
        parameters = {"registry": str(registry), "name": engine, "plan": asdict(plan)}
        with cores.last_core():
            engines[engine] = run_module("benchmarks.batching_calls", parameters)
    return {"rounds": plan.rounds, "engines": engines}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return 1 + len(ENGINES)


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cannot create the convolutional model: {done.stdout[-500:]}{done.stderr[-2000:]}")
