"""Networks explained by Lightship and by shap's KernelExplainer: processor time.

Both explain the same rows with the same compiled model, by turns in one process, which is in shap's environment. There,
KernelExplainer also explains the Keras model in the usual way, with ``model.predict``.
"""

from __future__ import annotations

import sysconfig
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.figures import significant
from benchmarks.table import Row, Table, shown

_TIMEOUT = 900.0
# What KernelExplainer evaluates, by figure.
PEERS: Mapping[str, str] = {"keras_us": "Keras, `model.predict`", "shap_us": "the compiled model"}


class Network(NamedTuple):
    """A model of a registry, and which columns of breast cancer it reads."""

    model: str
    columns: tuple[int, ...]


MODELS: Mapping[str, Network] = {
    "quickstart, 3 columns": Network("quickstart", (0, 1, 6)),
    "rectifiers, 30 columns": Network("cancer", tuple(range(30))),
}


def measure(registry: Path, keras_model: Path, rows: int, python: str, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model; raises RuntimeError if a process fails.

    ``registry`` has the quickstart and ``keras_model`` is its file. ``python`` is that of shap's environment.
    """
    step("training a network of 30 columns")
    with tempfile.TemporaryDirectory() as folder:
        run_module("benchmarks.explain.network", {"folder": folder}, timeout=_TIMEOUT)
        sources = {
            "quickstart": {"registry": str(registry), "keras": str(keras_model)},
            "cancer": {"registry": str(Path(folder, "models")), "keras": str(Path(folder, "cancer.keras"))},
        }
        return {name: _measured(name, sources[each.model], rows, python, step) for name, each in MODELS.items()}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return 1 + len(MODELS)


def table(figures: Mapping[str, Any]) -> Table:
    """Return the table of all models."""
    heads = ("", "method", "Lightship", "KernelExplainer", "time", "ratio, worst row", "ratio, median")
    title = "KernelExplainer (auto, 100 background rows) beside Lightship, one row; processor time"
    rows = (
        _row(name if number == 0 else "", each, *peer)
        for name, each in figures.items()
        for number, peer in enumerate(PEERS.items())
    )
    return Table(title, heads, tuple(rows))


def _measured(
    name: str, source: Mapping[str, str], rows: int, python: str, step: Callable[[str], None]
) -> dict[str, Any]:
    step(f"explain: {name}")
    network = MODELS[name]
    parameters = {
        **source,
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
    return {
        "method": found["method"],
        "lightship_us": significant(median(found["lightship_us"])),
        **{key: _compared(found[key], found["lightship_us"]) for key in PEERS},
    }


def _compared(peer: Sequence[float], own: Sequence[float]) -> dict[str, float]:
    """Return the median time of a peer, and its ratios to ours of the same rows."""
    ratios = [theirs / ours for theirs, ours in zip(peer, own, strict=True)]
    return {
        "us": significant(median(peer)),
        "worst": significant(min(ratios)),
        "median": significant(median(ratios)),
    }


def _row(name: str, figures: Mapping[str, Any], key: str, peer: str) -> Row:
    ours = (figures["method"], shown(figures["lightship_us"], "µs")) if name else ("", "")
    compared = figures[key]
    ratios = (shown(compared[key], "x") for key in ("worst", "median"))
    return (name, *ours, peer, shown(compared["us"], "µs"), *ratios)
