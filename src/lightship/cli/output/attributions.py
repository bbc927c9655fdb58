"""Attributions on a terminal: bars for columns, coloured words, a grid of patches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from lightship.calls import Attributed, Explanation
from lightship.cli.output.terminal import printable
from lightship.drawing.palette import LIGHT, NEGATIVE, POSITIVE
from lightship.tensors import Array

_HALF = 16  # characters of the longest bar
_MOST = 20  # columns or words in a table
_CELL = 24  # characters
_POSITIVE, _NEGATIVE = LIGHT[POSITIVE], LIGHT[NEGATIVE]
_STRONGEST = 0.6  # share of the colour behind the word of the largest value
_SHADES = " ░▒▓█"


def number_of(row: Explanation) -> str:
    """Return the explained number with its name, and its scale if needed."""
    named = " ".join(filter(None, (row.output, "" if row.target is None else str(row.target))))
    scale = "" if row.scale == "output" else f" ({row.scale.replace('_', ' ')})"
    return f"{named} {row.prediction:.4f}{scale}"


def show(screen: Console, title: str, row: Explanation, cells: Sequence[object]) -> None:
    """Print the explanation of one row.

    ``cells`` are the values of the columns, in the order of the attributions of columns.
    """
    screen.print(printable(title), style="bold")
    screen.print(
        f"base {row.base:.4f}; {row.method} by {row.evaluations:,} evaluations, error {row.error:.2g}", soft_wrap=True
    )
    columns = {name: value for name, value in row.attributions.items() if isinstance(value, float)}
    if columns:
        screen.print(_bars([*zip(columns, map(shown, cells), columns.values(), strict=True)]))
    for name, value in row.attributions.items():
        if not isinstance(value, float):
            _show_input(screen, name, value)


def _show_input(screen: Console, name: str, value: Attributed) -> None:
    screen.print(f"{printable(name)}:")
    if isinstance(value, tuple):
        screen.print(_words(value))
        screen.print(_bars([(printable(word), "", number) for word, number in value]))
    elif isinstance(value, np.ndarray):
        for line in _grid(value):
            screen.print(line)


def _bars(rows: Sequence[tuple[str, str, float]]) -> Table:
    """Return names, cells and values as bars, the largest absolute value first."""
    bars = Column(min_width=2 * _HALF + 1, no_wrap=True)
    table = Table("feature", "value", Column("attribution", no_wrap=True), bars, box=None, pad_edge=False)
    largest = max((abs(value) for _, _, value in rows), default=0) or 1.0
    ranked = sorted(rows, key=lambda row: -abs(row[2]))
    for name, cell, value in ranked[:_MOST]:
        table.add_row(printable(name), cell, f"{value:+.4f}", _bar(value / largest))
    if len(ranked) > _MOST:
        rest = sum(value for _, _, value in ranked[_MOST:])
        table.add_row(f"{len(ranked) - _MOST} others", "", f"{rest:+.4f}", "")
    return table


def _bar(share: float) -> Text:
    """Return a bar, to the right for a positive share of the largest value."""
    length = round(abs(share) * _HALF)
    left, right = ("", "█" * length) if share > 0 else ("█" * length, "")
    style = _POSITIVE if share > 0 else _NEGATIVE
    return Text(f"{left:>{_HALF}}", style=style) + Text("│") + Text(f"{right:<{_HALF}}", style=style)


def _words(words: Sequence[tuple[str, float]]) -> Text:
    """Return a text whose words have the colours of their values."""
    largest = max((abs(value) for _, value in words), default=0) or 1.0
    text = Text()
    for word, value in words:
        tone = Color.parse(_POSITIVE if value > 0 else _NEGATIVE).get_truecolor()
        colour = blend_rgb(ColorTriplet(255, 255, 255), tone, _STRONGEST * abs(value) / largest).rgb
        text.append(printable(word), style=f"black on {colour}" if abs(value) > largest / 50 else "")
        text.append(" ")
    return text


def _grid(values: Array) -> Iterator[Text]:
    """Yield the lines of a grid, two characters per patch: darker for larger values."""
    table = values.reshape(values.shape[0], -1) if values.ndim > 1 else values.reshape(1, -1)
    largest = np.abs(table).max(initial=0) or 1.0
    for row in (table / largest).tolist():
        line = Text("  ")
        for value in row:
            shade = _SHADES[round(abs(value) * (len(_SHADES) - 1))]
            line.append(shade * 2, style=_POSITIVE if value > 0 else _NEGATIVE)
        yield line


def shown(cell: object) -> str:
    """Return the cell of a column as one short line."""
    text = cell.decode(errors="replace") if isinstance(cell, bytes) else "" if cell is None else str(cell)
    if isinstance(cell, float):
        text = f"{cell:.6g}"
    return printable(text if len(text) <= _CELL else f"{text[:_CELL]}…")
