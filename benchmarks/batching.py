"""Part ``batching``: what micro-batching gains with a convolutional model, and what it costs when nobody else asks.

It is asked as a server asks it, in a process of its own and without HTTP, which would be the larger part.
:mod:`benchmarks.batching_calls` measures, in a fresh process for each engine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import cores
from benchmarks.orders import carry_out
from benchmarks.stacks import BUILT

ENGINES = ("litert", "tensorflow")


@dataclass(frozen=True)
class Plan:
    """How often and how long: rounds, which alternate between with and without, and seconds of each watch."""

    rounds: int
    seconds: float


FULL = Plan(rounds=4, seconds=1.5)
QUICK = Plan(rounds=1, seconds=0.5)

# Random weights: how long it computes matters here, not what.
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
    """Calls per second by engine, how many are under way at once, and the largest batch. Raises RuntimeError."""
    registry, model = BUILT / "convolutional", BUILT / "convolutional.keras"
    shutil.rmtree(registry, ignore_errors=True)
    BUILT.mkdir(parents=True, exist_ok=True)
    step("training nothing: a convolutional model")
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
        orders = {"registry": str(registry), "name": engine, "plan": asdict(plan)}
        with cores.apart():
            engines[engine] = carry_out("benchmarks.batching_calls", orders)
    return {"rounds": plan.rounds, "engines": engines}


def steps() -> int:
    """How often ``step`` will be called."""
    return 1 + len(ENGINES)


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the convolutional model could not be made: {done.stdout[-500:]}{done.stderr[-2000:]}")
