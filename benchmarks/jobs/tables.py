"""Tables of the figures of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.goals import FLAT, JOBS_BOUND, beside_bound, growth, per_core
from benchmarks.table import Row, Table, shown


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return a table for each input, and tables of memory and records."""
    part = results["jobs"]
    if "files" not in part:
        return [Table("Jobs", ("", "rows"), ((f"not measured here: {part['not_measured']}", ""),))]
    files = [_file(file, beside_bound(part)[name]) for name, file in part["files"].items()]
    return [*files, _memory(part), _records(part)]


def _file(file: Mapping[str, Any], of_bound: float) -> Table:
    rows = []
    usual, bound = (per_core(file["ways"][name]) for name in ("usual", "bound"))
    for name, way in file["ways"].items():
        rate = per_core(way)
        rows.append(
            (
                name,
                *(shown(way["rows_per_second"]["median"], "/s"), shown(rate, "/s")),
                *(
                    "" if name == "usual" else shown(rate / usual, "x"),
                    "" if name == "bound" else f"{rate / bound:.0%}",
                ),
                shown(way["start_processor_seconds"]["median"], "s"),
                shown(way["peak_memory_mib"]["median"], "MiB"),
                _bound_verdict(file["input"], of_bound) if "1 worker" in name else "",
            )
        )
    title = f"A job of {file['rows']:,} rows ({file['input']}), file to file, {file['rounds']} rounds"
    heads = ("", "rows", "rows of one core", "relative to the usual way", "of the bound", "start", "peak memory", "aim")
    return Table(title, heads, tuple(rows))


def _memory(part: Mapping[str, Any]) -> Table:
    rows: list[Row] = []
    for what, seen in part["memory"].items():
        for index, figures in enumerate(seen):
            last = index == len(seen) - 1
            rows.append(
                (
                    what,
                    *(shown(figures["megabytes"], "MB"), f"{figures['rows']:,}", f"{figures['chunks']:,}"),
                    *(shown(figures["processor_seconds"], "s"), shown(figures["peak_memory_mib"], "MiB")),
                    f"{growth(part)[what]:.2f}x" if last else "",
                    _verdict(growth(part)[what] <= FLAT, f"≤ {FLAT:g}x") if last else "",
                )
            )
    heads = ("", "file", "rows", "chunks", "processor time", "peak memory", "relative to the smallest", "aim")
    return Table("Memory of a job by size of the file", heads, tuple(rows))


def _records(part: Mapping[str, Any]) -> Table:
    rows = tuple(
        (name, shown(seen["processor_p50_us"], "µs"), shown(seen["p50_us"], "µs"), f"{seen['records']:,}")
        for name, seen in part["events"].items()
    )
    return Table("Cost of a queue record, p50", ("", "processor time", "until done (moto)", "records"), rows)


def _bound_verdict(name: str, of_bound: float) -> str:
    """Return whether the aim of an input is met; empty without one."""
    aim = JOBS_BOUND.get(name)
    return "" if aim is None else _verdict(of_bound >= aim, f"≥ {aim:.0%} of the bound")


def _verdict(met: bool, aim: str) -> str:
    return f"aim of {aim} {'met' if met else 'missed'}"
