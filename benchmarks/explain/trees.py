"""Trees explained by Lightship and by shap: the same values, and their time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import cores, peers
from benchmarks.child import run_module
from benchmarks.explain.tree_models import MODELS, ROWS
from benchmarks.stacks import ROOT
from benchmarks.table import Row, Table, shown

_TIMEOUT = 300.0
_TOLERANCE = 1e-5


def measure(calls: int, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model.

    Raises RuntimeError if a process fails, AssertionError where the values differ.
    """
    step("creating the environment of shap, once")
    python = str(peers.make_environment("shap") / "bin" / "python")
    return {name: _measured(name, calls, python, step) for name in MODELS}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return 1 + len(MODELS)


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
        peer = _by_shap(python, parameters)
    expected = np.array(peer["values"])
    np.testing.assert_allclose(own["values"], expected, rtol=_TOLERANCE, atol=_TOLERANCE * np.abs(expected).max())
    return {"lightship_us": own["rows"], "shap_us": peer["rows"]}


def _by_shap(python: str, parameters: Mapping[str, Any]) -> Any:
    done = subprocess.run(
        [python, "-m", "benchmarks.explain.shap_calls"],
        input=json.dumps(parameters),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"},
        timeout=_TIMEOUT,
    )
    if done.returncode:
        raise RuntimeError(f"shap failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _row(name: str, figures: Mapping[str, Any]) -> Row:
    pairs = zip(figures["shap_us"].values(), figures["lightship_us"].values(), strict=True)
    return (name, *(f"{shown(peer, 'µs')} → {shown(own, 'µs')}, {shown(peer / own, 'x')}" for peer, own in pairs))
