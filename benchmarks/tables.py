"""Results as tables: in the terminal, and in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rich.table

from benchmarks.goals import BOUND, beside_bare, comparisons

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A title, the columns' heads and rows of the same length; the first column is text, the others figures."""

    title: str
    columns: Row
    rows: tuple[Row, ...]

    def to_rich(self) -> rich.table.Table:
        """For the terminal."""
        table = rich.table.Table(title=self.title, title_justify="left")
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def to_markdown(self) -> str:
        """For the documentation."""
        rule = ("---", *["---:"] * (len(self.columns) - 1))
        lines = ["| " + " | ".join(row) + " |" for row in (self.columns, rule, *self.rows)]
        return "\n".join([f"### {self.title}", "", *lines])


def tables(results: Mapping[str, Any]) -> list[Table]:
    """One table of ratios and goals, and one of every part's figures."""
    makers = {"lambda": _lambda, "server": _server, "image": _image}
    return [_ratios(results), *(make(results[part]) for part, make in makers.items() if part in results)]


def shown(value: float, unit: str) -> str:
    """A figure with its unit and three significant digits."""
    if unit == "ms" and value >= 1000:
        value, unit = value / 1000, "s"
    digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{digits}{'' if unit == '/s' else ' '}{unit}"


def _ratios(results: Mapping[str, Any]) -> Table:
    rows = [
        (
            comparison.figure,
            shown(comparison.usual, comparison.unit),
            shown(comparison.lightship, comparison.unit),
            f"{shown(comparison.ratio, '')[:-1]}x",
            comparison.verdict,
        )
        for comparison in comparisons(results)
    ]
    times = beside_bare(results)
    if times is not None:
        met = "met" if times <= BOUND else "missed"
        rows.append(("warm event beside the bare handler's", "", "", f"{times:.2f}x", f"aim of ≤ {BOUND}x {met}"))
    return Table("Ratios and goals", ("", "usual", "lightship", "ratio", "goal"), tuple(rows))


def _lambda(part: Mapping[str, Any]) -> Table:
    rows = []
    for name, figures in part["stacks"].items():
        first, warm, memory = figures["first_answer_ms"], figures["warm_event_ms"], figures["peak_memory_mib"]
        times = [shown(value, "ms") for value in (first["median"], first["min"], warm["p50"], warm["p99"])]
        rows.append((name, *times, f"{warm['events']:,}", shown(memory["median"], "MiB") if memory else "unknown"))
    title = f"Lambda's runtime interface: {part['rounds']} fresh processes of each"
    heads = ("", "first answer", "best", "warm p50", "warm p99", "warm events", "peak memory")
    return Table(title, heads, tuple(rows))


def _server(part: Mapping[str, Any]) -> Table:
    rows = []
    for name, by_concurrency in part["servers"].items():
        for concurrency, figures in by_concurrency.items():
            rate, latency = figures["requests_per_second"], figures["latency_ms"]
            latencies = [shown(latency[key], "ms") for key in ("p50", "p99")]
            rows.append((name, concurrency, shown(rate["median"], "/s"), *latencies, f"{latency['requests']:,}"))
    title = f"A server over loopback: {part['rounds']} rounds"
    heads = ("", "at once", "requests", "p50", "p99", "answers")
    return Table(title, heads, tuple(rows))


def _image(part: Mapping[str, Any]) -> Table:
    if "megabytes" not in part:
        return Table("Image", ("", "size"), ((f"not measured here: {part['not_measured']}", ""),))
    rows = tuple((name, shown(size, "MB")) for name, size in part["megabytes"].items())
    return Table("Image, uncompressed", ("", "size"), rows)
