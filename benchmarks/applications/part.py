"""Part ``examples``: training, quality, size, latency and cost.

Each example is trained again, in a process of its own. Its latest version in the registry is the function of a Lambda,
which answers the first row of the data in fresh processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import lambdas
from benchmarks.applications.requests import first_request
from benchmarks.examples import ROOT
from benchmarks.figures import significant
from benchmarks.stacks import lightship
from benchmarks.table import Row, Table, shown
from lightship.bundle import Bundle
from lightship.bundle.headline import MAIN
from lightship.registry.registry import Registry


class Trained(NamedTuple):
    """How an example is trained and served.

    Attributes:
        suffix: the suffix of the file that train.py writes.
        transform: the transform that the version needs, or empty.
    """

    suffix: str
    transform: str = ""


EXAMPLES: Mapping[str, Trained] = {
    "quickstart": Trained(".keras"),
    "logistic": Trained(".skops"),
    "expenses": Trained(".keras", "euros"),
    "digits": Trained(".keras"),
    "photos": Trained(".keras"),
    "faces": Trained(".tflite", "faces"),
    "recommend": Trained(".keras"),
    "answers": Trained(".keras"),
}

_TIMEOUT = 600.0
# List prices of us-east-1 in US dollars: a GB-second of Lambda on x86_64, a million requests of Lambda and of an HTTP
# API. A function of 1,769 MB has one core, as in the measurement.
_GB_SECOND = 0.0000166667
_MILLION_REQUESTS = 0.20 + 1.00
_GIGABYTES = 1769 / 1024


def measure(registry: Path, plan: lambdas.Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by example; raises RuntimeError if training fails."""
    figures = {}
    for name, trained in EXAMPLES.items():
        bundle = Registry(str(registry)).open(name)
        figures[name] = {
            "train_seconds": _training(name, trained.suffix, step),
            "quality": _quality(bundle),
            "bytes": (bundle.path / "model.tflite").stat().st_size,
            **_latency(name, trained, bundle, registry, plan, step),
        }
    return {"rounds": plan.rounds, "examples": figures}


def steps(plan: lambdas.Plan) -> int:
    """Return the number of calls of ``step``."""
    return len(EXAMPLES) * (plan.rounds + 2)


def _training(name: str, suffix: str, step: Callable[[str], None]) -> float:
    step(f"training {name}")
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        train = [sys.executable, f"examples/{name}/train.py", str(Path(folder, name + suffix))]
        done = subprocess.run(train, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
        if done.returncode:
            raise RuntimeError(f"examples/{name}/train.py failed: {done.stderr[-2000:]}")
        return significant(time.perf_counter() - start)


def _quality(bundle: Bundle) -> dict[str, Any] | None:
    """Return the first metric in the version's report; None without an evaluation."""
    outputs = json.loads((bundle.path / "report.json").read_bytes()).get("evaluation", {}).get("outputs")
    if not outputs:
        return None
    name = MAIN[outputs[0]["task"]][0]
    return {"metric": name, **outputs[0]["metrics"][name]}


def _latency(
    name: str, trained: Trained, bundle: Bundle, registry: Path, plan: lambdas.Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    variables = {"LIGHTSHIP_REGISTRY": str(registry), "LIGHTSHIP_DEFAULT_MODEL": name}
    if trained.transform:
        variables |= {
            "LIGHTSHIP_TRANSFORMS": trained.transform,
            "LIGHTSHIP_TRANSFORMS_FOLDER": str(ROOT / "transforms"),
        }
    stack = replace(lightship(registry), name=name, variables=variables)
    request = first_request(bundle, ROOT / "build" / "examples" / f"{name}.npz")
    measured: dict[str, Any] = lambdas.measure([stack], [request], plan, step)["stacks"][name]
    return measured


def dollars(milliseconds: float) -> float:
    """Return the price of 10⁶ warm requests; Lambda rounds up to milliseconds."""
    return ceil(milliseconds) / 1000 * _GIGABYTES * _GB_SECOND * 1e6 + _MILLION_REQUESTS


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the table of all examples."""
    part = results["examples"]
    heads = (
        *("", "training", "quality", "model", "first answer", "worst", "warm p50", "warm p99", "peak memory"),
        "US dollars per 10⁶ predictions",
    )
    rows = tuple(_row(name, figures) for name, figures in part["examples"].items())
    return [Table(f"The examples, {part['rounds']} fresh processes of each", heads, rows)]


def _row(name: str, figures: Mapping[str, Any]) -> Row:
    first, warm = figures["first_answer_ms"], figures["warm_event_ms"]
    return (
        name,
        shown(figures["train_seconds"], "s"),
        _estimated(figures["quality"]) if figures["quality"] else "",
        shown(figures["bytes"] / 1000, "kB"),
        *(shown(value, "ms") for value in (first["median"], first["max"], warm["p50"], warm["p99"])),
        shown(figures["peak_memory_mib"]["median"], "MiB"),
        f"{dollars(warm['p50']):.2f}",
    )


def _estimated(quality: Mapping[str, Any]) -> str:
    return f"{quality['metric']} {quality['value']:.3f} ({quality['low']:.3f} to {quality['high']:.3f})"
