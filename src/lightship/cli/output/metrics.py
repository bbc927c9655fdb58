"""Metrics as tables."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from lightship.cli.output.terminal import printable
from lightship.evaluation.metrics import Figure


def metrics_table(output: str, metrics: Mapping[str, Figure]) -> Table:
    """Return the metrics of an output with their intervals."""
    table = Table(printable(output), "value", "95 % interval")
    for name, value in metrics.items():
        table.add_row(printable(name), *figure(value))
    return table


def figure(value: Figure) -> tuple[str, str]:
    """Return a metric and its interval for a table."""
    interval = "" if value.low is None or value.high is None else f"{number(value.low)} to {number(value.high)}"
    return number(value.value), interval


def number(value: float) -> str:
    """Return a number with four digits after the point, or four significant ones."""
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.5g}"
