"""Table of figures for the terminal and for Markdown."""

from __future__ import annotations

from dataclasses import dataclass

import rich.table

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Title, column headings and rows; the first column is text, the others figures."""

    title: str
    columns: Row
    rows: tuple[Row, ...]

    def to_rich(self) -> rich.table.Table:
        """Return the table for the terminal."""
        table = rich.table.Table(title=self.title, title_justify="left")
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def to_markdown(self) -> str:
        """Return the table for the documentation."""
        rule = ("---", *["---:"] * (len(self.columns) - 1))
        lines = ["| " + " | ".join(row) + " |" for row in (self.columns, rule, *self.rows)]
        return "\n".join([*([f"### {self.title}", ""] if self.title else []), *lines])


def shown(value: float, unit: str) -> str:
    """Return a figure with three significant digits and its unit."""
    for larger, smaller in (("ms", "µs"), ("s", "ms")):
        if unit == smaller and value >= 1000:
            value, unit = value / 1000, larger
    digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{digits}{'' if unit in {'/s', 'x', '%'} else ' '}{unit}"
