"""Part ``protocols``: time of one request in the process by protocol and input.

There is no network and no runtime: the entry is called as by the Lambda handler, and compared with the bound, which
only decodes, runs LiteRT and encodes. :mod:`benchmarks.protocol_calls` measures each model in a new process.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.stacks import BUILT, MODEL_NAME, compiled

DENSE = "dense784"
WIDTHS = {MODEL_NAME: 3, DENSE: 784}


@dataclass(frozen=True)
class Plan:
    """Number of rounds, which alternate between protocols, and of requests in each."""

    rounds: int
    requests: int


FULL = Plan(rounds=10, requests=1000)
QUICK = Plan(rounds=3, requests=300)

# Random weights: only the computing time matters.
_DENSE = """
import sys, keras
keras.utils.set_random_seed(7)
layers = [keras.layers.Input([784]), keras.layers.Dense(32, "relu"), keras.layers.Dense(10, "softmax")]
keras.Sequential(layers).save(sys.argv[1])
"""


def measure(registry: Path, plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model and way; ``step`` is called with the name of each step.

    Raises RuntimeError if a process fails.
    """
    step(f"compiling {DENSE}")
    registries = {MODEL_NAME: registry, DENSE: _compile_dense()}
    models = {}
    for model, location in registries.items():
        step(f"protocols: {model}")
        environment = {"LIGHTSHIP_REGISTRY": str(location), "LIGHTSHIP_DEFAULT_MODEL": model}
        parameters = {
            "model": model,
            "width": WIDTHS[model],
            "path": str(compiled(location, model)),
            "plan": asdict(plan),
        }
        with cores.last_core():
            ways = run_module("benchmarks.protocol_calls", parameters, environment=environment)
        models[model] = {"inputs": WIDTHS[model], "ways": ways}
    return {"rounds": plan.rounds, "models": models}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return 1 + len(WIDTHS)


def _compile_dense() -> Path:
    """Create a registry with a small dense model of 784 inputs."""
    registry, model = BUILT / "registry", BUILT / f"{DENSE}.keras"
    shutil.rmtree(registry, ignore_errors=True)
    BUILT.mkdir(parents=True, exist_ok=True)
    _run("-c", _DENSE, str(model))
    _run("-m", "lightship", "compile", str(model), "--name", DENSE, "--registry", str(registry))
    return registry


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cannot create the model {DENSE}: {done.stdout[-500:]}{done.stderr[-2000:]}")
