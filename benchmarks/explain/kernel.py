"""Networks explained by Lightship and by shap's KernelExplainer: processor time.

Both explain the same rows with the same compiled model, by turns in one process, which is in shap's environment.
"""

from __future__ import annotations

import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.figures import significant
from benchmarks.table import Row, Table, shown

_TIMEOUT = 900.0


class Network(NamedTuple):
    """A model of a registry, and which columns of breast cancer it reads."""

    model: str
    columns: tuple[int, ...]


MODELS: Mapping[str, Network] = {
    "quickstart, 3 columns": Network("quickstart", (0, 1, 6)),
    "rectifiers, 30 columns": Network("cancer", tuple(range(30))),
}


def measure(registry: Path, rows: int, python: str, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model; raises RuntimeError if a process fails.

    ``registry`` has the quickstart, ``python`` is that of shap's environment.
    """
    step("training a network of 30 columns")
    with tempfile.TemporaryDirectory() as folder:
        run_module("benchmarks.explain.network", {"folder": folder}, timeout=_TIMEOUT)
        registries = {"quickstart": str(registry), "cancer": str(Path(folder, "models"))}
        return {name: _measured(name, registries[each.model], rows, python, step) for name, each in MODELS.items()}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return 1 + len(MODELS)


def table(figures: Mapping[str, Any]) -> Table:
    """Return the table of all models."""
    heads = ("", "method", "KernelExplainer", "Lightship", "ratio, worst row", "ratio, median")
    title = "KernelExplainer (auto, 100 background rows) beside Lightship, one row; processor time"
    return Table(title, heads, tuple(_row(name, each) for name, each in figures.items()))


def _measured(name: str, registry: str, rows: int, python: str, step: Callable[[str], None]) -> dict[str, Any]:
    step(f"explain: {name}")
    network = MODELS[name]
    parameters = {
        "registry": registry,
        "model": network.model,
        "columns": network.columns,
        "rows": rows,
        "packages": sysconfig.get_path("purelib"),
    }
    with cores.last_core():
        found = run_module(
            "benchmarks.explain.kernel_calls",
            parameters,
            python=python,
            environment={"OMP_NUM_THREADS": "1"},
            timeout=_TIMEOUT,
        )
    pairs = [*zip(found["shap_us"], found["lightship_us"], strict=True)]
    ratios = sorted(peer / own for peer, own in pairs)
    middle = sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
    return {
        "method": found["method"],
        "shap_us": significant(middle[0]),
        "lightship_us": significant(middle[1]),
        "worst": significant(ratios[0]),
        "median": significant(middle[0] / middle[1]),
    }


def _row(name: str, figures: Mapping[str, Any]) -> Row:
    times = (shown(figures[key], "µs") for key in ("shap_us", "lightship_us"))
    return (name, figures["method"], *times, *(shown(figures[key], "x") for key in ("worst", "median")))
