"""Part ``evaluation``: counting rows of predictions and their metrics.

Predictions are random, and the model's own time is not included. Each figure is of a new process on one core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.table import Row, Table, shown

TASKS = ("2 classes", "10 classes", "5 labels", "1 number")
# Numbers of rows.
FULL = (100_000, 1_000_000)
QUICK = (10_000, 100_000)

_TIMEOUT = 600.0


def measure(rows: Sequence[int], step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by task and number of rows.

    Raises RuntimeError if a process fails.
    """
    figures: dict[str, Any] = {}
    for task in TASKS:
        step(f"evaluation: {task}")
        with cores.last_core():
            figures[task] = {count: _measured(task, count) for count in rows}
    return {"tasks": figures}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return len(TASKS)


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the table of all tasks."""
    tasks = results["evaluation"]["tasks"]
    counts = [f"{int(count):,} rows" for count in next(iter(tasks.values()))]
    heads = ("", "rows", *(f"{count}, peak" for count in counts))
    rows = tuple(_row(task, [*figures.values()]) for task, figures in tasks.items())
    return [Table("Metrics with 200 bootstrap replicates, one core, without the model", heads, rows)]


def _measured(task: str, rows: int) -> dict[str, float]:
    found: dict[str, float] = run_module("benchmarks.evaluation.calls", {"task": task, "rows": rows}, timeout=_TIMEOUT)
    return found


def _row(task: str, figures: Sequence[Mapping[str, float]]) -> Row:
    last = figures[-1]
    return (
        task,
        shown(last["rows"] / last["seconds"], "/s"),
        *(shown(each["peak_memory_mib"], "MiB") for each in figures),
    )
