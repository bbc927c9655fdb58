"""Part ``trees``: decision trees beside the libraries that trained them.

Both predict the same rows in one thread. A figure is the least processor time of several calls, so that other work on
the machine has little influence. :mod:`benchmarks.trees.calls` measures all models of a library in a new process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.table import Row, Table, shown

LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "scikit-learn": (
        "RandomForestClassifier, 100 trees, digits",
        "HistGradientBoostingClassifier, 100 trees, breast cancer",
        "GradientBoostingRegressor, 300 trees, diabetes",
        "IsolationForest, 100 trees, breast cancer",
    ),
    "XGBoost": ("XGBoost, 100 trees, breast cancer", "XGBoost, 500 trees, digits"),
    "LightGBM": ("LightGBM, 100 trees, breast cancer", "LightGBM, 500 trees, breast cancer"),
}
# Number of calls by their number of rows.
Calls = Mapping[int, int]
FULL: Calls = {1: 200, 32: 50, 1024: 5}
QUICK: Calls = {1: 20, 32: 5, 1024: 1}

_TIMEOUT = 600.0


def measure(calls: Calls, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model; raises RuntimeError if a process fails."""
    figures: dict[str, Any] = {}
    for library, models in LIBRARIES.items():
        step(f"trees: {library}")
        with cores.last_core():
            parameters = {"models": models, "calls": calls}
            figures |= run_module("benchmarks.trees.calls", parameters, timeout=_TIMEOUT)
    return {"models": figures}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return len(LIBRARIES)


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the table of all models."""
    models = results["trees"]["models"]
    counts = next(iter(models.values()))["rows"]
    heads = ("", "file", "size ratio", *(f"{int(count):,} row{'s' * (count != '1')}" for count in counts))
    rows = tuple(_row(name, figures) for name, figures in models.items())
    return [Table("Processor time of a call: library → compiled model, ratio", heads, rows)]


def _row(name: str, figures: Mapping[str, Any]) -> Row:
    size = (shown(figures["bytes"] / 1e3, "kB"), f"{figures['compiled_bytes'] / figures['bytes']:.2f}")
    return (name, *size, *(_cell(each["library_us"], each["compiled_us"]) for each in figures["rows"].values()))


def _cell(library: float, compiled: float) -> str:
    return f"{shown(library, 'µs')} → {shown(compiled, 'µs')}, {shown(library / compiled, 'x')}"
