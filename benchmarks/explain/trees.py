"""Trees explained by Lightship and by shap: the same values, and their time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.explain.tree_models import MODELS, ROWS
from benchmarks.table import Row, Table, shown

_TIMEOUT = 300.0
_TOLERANCE = 1e-5


def measure(calls: int, python: str, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model; ``python`` is that of shap's environment.

    Raises RuntimeError if a process fails, AssertionError where the values differ.
    """
    return {name: _measured(name, calls, python, step) for name in MODELS}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return len(MODELS)


def table(figures: Mapping[str, Any]) -> Table:
    """Return the table of all models."""
    heads = ("", *(f"{count} row{'s' * (count != 1)}" for count in ROWS))
    title = "TreeSHAP of one class: shap (all classes) → Lightship, ratio; processor time"
    return Table(title, heads, tuple(_row(name, each) for name, each in figures.items()))


def _measured(name: str, calls: int, python: str, step: Callable[[str], None]) -> dict[str, Any]:
    step(f"explain: {name}")
    parameters = {"model": name, "calls": calls}
    with cores.last_core():
        own = run_module("benchmarks.explain.tree_calls", parameters, timeout=_TIMEOUT)
        environment = {"OMP_NUM_THREADS": "1"}
        peer = run_module(
            "benchmarks.explain.shap_calls", parameters, python=python, environment=environment, timeout=_TIMEOUT
        )
    expected = np.array(peer["values"])
    np.testing.assert_allclose(own["values"], expected, rtol=_TOLERANCE, atol=_TOLERANCE * np.abs(expected).max())
    return {"lightship_us": own["rows"], "shap_us": peer["rows"]}


def _row(name: str, figures: Mapping[str, Any]) -> Row:
    pairs = zip(figures["shap_us"].values(), figures["lightship_us"].values(), strict=True)
    return (name, *(f"{shown(peer, 'µs')} → {shown(own, 'µs')}, {shown(peer / own, 'x')}" for peer, own in pairs))
