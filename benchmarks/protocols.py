"""Part ``protocols``: what one request costs in the process, protocol by protocol, for little and for more input.

No network and no runtime: the entry is asked as the Lambda handler asks it. Beside it the bound: decode, LiteRT, encode
and nothing else. :mod:`benchmarks.protocol_calls` measures, in a fresh process for each model.
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
from benchmarks.orders import carry_out
from benchmarks.stacks import BUILT, MODEL_NAME, compiled

DENSE = "dense784"
WIDTHS = {MODEL_NAME: 3, DENSE: 784}


@dataclass(frozen=True)
class Plan:
    """How often: rounds, which alternate between the protocols, and requests of each protocol in each of them."""

    rounds: int
    requests: int


FULL = Plan(rounds=10, requests=1000)
QUICK = Plan(rounds=3, requests=300)

# Random weights: what is computed does not matter here, that it is the same everywhere does.
_DENSE = """
import sys, keras
keras.utils.set_random_seed(7)
layers = [keras.layers.Input([784]), keras.layers.Dense(32, "relu"), keras.layers.Dense(10, "softmax")]
keras.Sequential(layers).save(sys.argv[1])
"""


def measure(registry: Path, plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Figures by model and way. ``step`` is told what comes next. Raises RuntimeError."""
    step(f"compiling {DENSE}")
    registries = {MODEL_NAME: registry, DENSE: _compile_dense()}
    models = {}
    for model, location in registries.items():
        step(f"protocols: {model}")
        environment = {"LIGHTSHIP_REGISTRY": str(location), "LIGHTSHIP_DEFAULT_MODEL": model}
        orders = {
            "model": model,
            "width": WIDTHS[model],
            "path": str(compiled(location, model)),
            "plan": asdict(plan),
        }
        with cores.apart():
            ways = carry_out("benchmarks.protocol_calls", orders, environment=environment)
        models[model] = {"inputs": WIDTHS[model], "ways": ways}
    return {"rounds": plan.rounds, "models": models}


def steps() -> int:
    """How often ``step`` will be called."""
    return 1 + len(WIDTHS)


def _compile_dense() -> Path:
    """A registry with a small dense model of 784 inputs, made anew."""
    registry, model = BUILT / "registry", BUILT / f"{DENSE}.keras"
    shutil.rmtree(registry, ignore_errors=True)
    BUILT.mkdir(parents=True, exist_ok=True)
    _run("-c", _DENSE, str(model))
    _run("-m", "lightship", "compile", str(model), "--name", DENSE, "--registry", str(registry))
    return registry


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the model {DENSE} could not be made: {done.stdout[-500:]}{done.stderr[-2000:]}")
