"""Part ``preprocessing``: lifted preprocessing layers beside Keras and TensorFlow.

Figures are microseconds per row of the numpy program alone, of the compiled model with it, of the exported function in
TensorFlow, and of ``model.predict``. They are the least processor time of several calls, so that other work on the
machine has little influence. :mod:`benchmarks.preprocessing.calls` measures each model in a new process on one core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.table import Table, shown

MODELS = ("TextVectorization", "Hashing", "FeatureSpace")
# Seconds of each measurement.
FULL = 1.0
QUICK = 0.1

_TIMEOUT = 600.0

_HEADS = {
    "program_us": "numpy program",
    "compiled_us": "compiled model",
    "signature_us": "TensorFlow signature",
    "predict_us": "`model.predict`",
}


def measure(seconds: float, step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by model and number of rows.

    Raises RuntimeError if a process fails.
    """
    figures = {}
    for name in MODELS:
        step(f"preprocessing: {name}")
        with cores.last_core():
            parameters = {"model": name, "seconds": seconds}
            figures[name] = run_module("benchmarks.preprocessing.calls", parameters, timeout=_TIMEOUT)
    return {"models": figures}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return len(MODELS)


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the table of all models and batch sizes."""
    rows = [
        (name, f"{int(count):,}", *(shown(figures[key], "µs") for key in _HEADS))
        for name, by_rows in results["preprocessing"]["models"].items()
        for count, figures in by_rows.items()
    ]
    return [Table("Processor time per row", ("", "rows in a call", *_HEADS.values()), tuple(rows))]
