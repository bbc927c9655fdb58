"""Part ``explain``: explanations of one row beside its prediction.

Each model is explained by the best method of its bundle, and by the method that needs the model alone. Trees are
explained beside shap too, and two networks beside its KernelExplainer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import cores, peers
from benchmarks.child import run_module
from benchmarks.explain import kernel, trees
from benchmarks.table import Row, Table, shown

MODELS = ("quickstart", "logistic", "digits")
# Numbers of calls.
FULL = 200
QUICK = 10


def measure(registry: Path, keras_model: Path, calls: int, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model of a registry; raises RuntimeError if a process fails.

    ``keras_model`` is the file of the quickstart.
    """
    figures: dict[str, Any] = {}
    for model in MODELS:
        step(f"explain: {model}")
        with cores.last_core():
            parameters = {"registry": str(registry), "model": model, "calls": calls}
            figures[model] = run_module("benchmarks.explain.calls", parameters)
    step("creating the environment of shap, once")
    python = str(peers.make_environment("shap") / "bin" / "python")
    beside = kernel.measure(registry, keras_model, max(2, calls // 20), python, step)
    return {"models": figures, "trees": trees.measure(max(3, calls // 10), python, step), "kernel": beside}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return len(MODELS) + 1 + kernel.steps() + trees.steps()


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the table of all models."""
    heads = ("", "predict", "method", "explain", "times predict", "evaluations")
    rows = tuple(
        _row(f"{model}, {figures['features']} features" if not number else "", figures["predict_us"], method)
        for model, figures in results["explain"]["models"].items()
        for number, method in enumerate(figures["methods"])
    )
    return [
        Table("Explanation of one row, one core, without HTTP", heads, rows),
        kernel.table(results["explain"]["kernel"]),
        trees.table(results["explain"]["trees"]),
    ]


def _row(model: str, predict: float, method: Mapping[str, Any]) -> Row:
    return (
        model,
        shown(predict, "µs"),
        method["method"],
        shown(method["explain_us"], "µs"),
        shown(method["explain_us"] / predict, "x"),
        f"{method['evaluations']:,}",
    )
