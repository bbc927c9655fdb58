"""Part ``compression``: variants of six models within a budget.

Each model is trained in a process of its own, and compiled twice. The second compile measures all variants again: the
choice of the first one is compared with its fastest variant within the budget.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.child import run_module
from benchmarks.figures import significant
from benchmarks.table import Row, Table, shown
from lightship.compiler import CompileOptions, compile_model
from lightship.compiler.compression.budget import Budget
from lightship.compiler.compression.table import Compression
from lightship.registry.registry import Registry

_TIMEOUT = 1200.0


class Measured(NamedTuple):
    """File and budget of a model."""

    file: str
    budget: Budget


MODELS: Mapping[str, Measured] = {
    "table of classes": Measured("cancer.skops", Budget("accuracy", 0.005)),
    "table of numbers": Measured("diabetes.keras", Budget("rmse", 0.5)),
    "digits": Measured("digits.keras", Budget("accuracy", 0.005)),
    "separable convolutions": Measured("mobile.keras", Budget("accuracy", 0.005)),
    "LSTM": Measured("lstm.keras", Budget("accuracy", 0.005)),
    "transformer": Measured("transformer.keras", Budget("accuracy", 0.005)),
}
FULL = tuple(MODELS)
QUICK = FULL[1:2]


def measure(names: Sequence[str], step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model; raises RuntimeError if training fails."""
    figures = {}
    for name in names:
        step(f"compression: {name}")
        with tempfile.TemporaryDirectory() as folder:
            figures[name] = _figures(name, Path(folder))
    return {"models": figures}


def steps(names: Sequence[str]) -> int:
    """Return the number of calls of ``step``."""
    return len(names)


def _figures(name: str, folder: Path) -> dict[str, Any]:
    run_module("benchmarks.compression.models", {"model": name, "folder": str(folder)}, timeout=_TIMEOUT)
    first, second = (_compressed(name, folder) for _ in range(2))
    usable = {
        each.name: each.p50_1 for each in second.candidates if (each.usable or each.name == "fp32") and each.p50_1
    }
    return {
        "chosen": first.chosen,
        "rule": first.rule,
        "beside_fastest": significant(usable[first.chosen] / min(usable.values())),
        "variants": [json.loads(json.dumps(asdict(each))) for each in first.candidates],
    }


def _compressed(name: str, folder: Path) -> Compression:
    model = MODELS[name]
    options = CompileOptions(data=folder / "data.npz", target="target", budget=model.budget)
    report = compile_model(folder / model.file, registry=Registry(str(folder / "models")), options=options)
    assert report.compression
    return report.compression


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return a summary, and the variants of each model."""
    models = results["compression"]["models"]
    heads = ("", "variant", "smaller than fp32", "faster, 1 row", "faster, 32 rows", "beside the fastest")
    summary = Table(
        "The choice, beside fp32", heads, tuple(_summary(name, figures) for name, figures in models.items())
    )
    return [summary, *(_variants(name, figures) for name, figures in models.items())]


def _summary(name: str, figures: Mapping[str, Any]) -> Row:
    variants = {each["name"]: each for each in figures["variants"]}
    exact, chosen = variants["fp32"], variants[figures["chosen"]]
    ratios = (shown(exact[key] / chosen[key], "x") for key in ("bytes", "p50_1", "p50_32"))
    return (name, figures["chosen"], *ratios, shown(figures["beside_fastest"], "x"))


def _variants(name: str, figures: Mapping[str, Any]) -> Table:
    heads = ("", "file", "gzip", "1 row", "32 rows", "memory", "largest difference", "metric", "change", "within")
    rows = tuple(_variant(each) for each in figures["variants"] if not each["error"])
    return Table(f"{name}: {figures['rule']}", heads, rows)


def _variant(each: Mapping[str, Any]) -> Row:
    seconds = (shown(each[key] * 1e6, "µs") for key in ("p50_1", "p50_32"))
    sizes = (shown(each[key] / 1000, "kB") for key in ("bytes", "transfer_bytes"))
    interval = f" ({each['low']:+.4f} to {each['high']:+.4f})" if each["low"] is not None else ""
    metric = (f"{each['metric']} {each['value']:.4f}", f"{each['change']:+.4f}{interval}")
    memory = shown(each["peak_bytes"] / 1024**2, "MiB")
    return (
        each["name"],
        *sizes,
        *seconds,
        memory,
        f"{each['largest_difference']:.1e}",
        *metric,
        "yes" if each["within"] else "no",
    )
