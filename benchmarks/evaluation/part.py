"""Part ``evaluation``: counting rows of predictions, and evaluating files.

Predictions that are counted are random, and no model is run for them. Each figure is of a new process on one core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import cores
from benchmarks.child import run_module
from benchmarks.table import Row, Table, shown

TASKS = ("2 classes", "10 classes", "5 labels", "1 number")
# Numbers of rows.
FULL = (100_000, 1_000_000)
QUICK = (10_000, 100_000)

_TIMEOUT = 600.0


def measure(registry: Path, rows: Sequence[int], step: Callable[[str], None]) -> dict[str, Any]:
    """Return figures by task, and of files, by number of rows.

    Raises RuntimeError if a process fails.
    """
    figures: dict[str, Any] = {}
    for task in TASKS:
        step(f"evaluation: {task}")
        with cores.last_core():
            figures[task] = {count: _measured(task, count) for count in rows}
    step("evaluation: files")
    with cores.last_core():
        files = {count: _of_file(registry, count) for count in rows}
    return {"tasks": figures, "files": files}


def steps() -> int:
    """Return the number of calls of ``step``."""
    return len(TASKS) + 1


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the tables of all tasks and of files."""
    tasks = results["evaluation"]["tasks"]
    counts = [f"{int(count):,} rows" for count in next(iter(tasks.values()))]
    heads = ("", "rows", *(f"{count}, peak" for count in counts))
    rows = tuple(_row(task, [*figures.values()]) for task, figures in tasks.items())
    found = [Table("Metrics with 200 bootstrap replicates, one core, without the model", heads, rows)]
    if files := results["evaluation"].get("files"):
        title = "`lightship evaluate` of a CSV with 3 columns, 200 bootstrap replicates, one core"
        found.append(Table(title, heads, (_row("2 classes, 3 columns", [*files.values()]),)))
    return found


def _of_file(registry: Path, rows: int) -> dict[str, float]:
    parameters = {"registry": str(registry), "rows": rows}
    found: dict[str, float] = run_module("benchmarks.evaluation.files", parameters, timeout=_TIMEOUT)
    return found


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
