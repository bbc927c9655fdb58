"""Matrix of counts: values on shaded cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from lightship.drawing.canvas import SMALL, WIDTH, Box, Canvas, Point, Size, shortened, text_width

_MARGIN = 10
_TOP = 46  # the upper edge of the cells, below the names of the columns
_LABELS = 110.0
# Smaller cells, in pixels, have no value and no border.
_SMALLEST = 20.0
_LARGEST = 64.0


@dataclass(frozen=True)
class Matrix:
    """Counts of rows by target (down) and prediction (across).

    A cell's shade is its share of the target's rows.
    """

    title: str
    classes: Sequence[str]
    counts: Sequence[Sequence[float]]
    rows: str = "target"
    columns: str = "predicted"

    @property
    def size(self) -> Size:
        """Return the size of the canvas that the chart needs."""
        return Size(WIDTH, round(_TOP + self._cell * len(self.classes) + _MARGIN))

    def draw(self, canvas: Canvas) -> None:
        """Draw the names of the classes and the cells.

        Names that are wider than a cell stand at the left only, with numbers that stand above in their place.
        """
        canvas.text(Point(self._left, _MARGIN + 8), self.columns, tone="muted", size=SMALL)
        canvas.text(Point(self._left - 6, _TOP - 6), self.rows, tone="muted", size=SMALL, anchor="end")
        for number, name in enumerate(self._names):
            self._name(canvas, name, number)
        titles = [shortened(name, WIDTH) for name in self.classes]
        for row, counts in enumerate(self.counts):
            total = sum(counts) or 1
            for column, count in enumerate(counts):
                box = Box(self._left + column * self._cell, _TOP + row * self._cell, self._cell, self._cell)
                with canvas.group(f"{titles[row]}, {self.columns} {titles[column]}: {count:,}"):
                    _draw(canvas, box, count, count / total)

    def _name(self, canvas: Canvas, name: str, number: int) -> None:
        above, size = str(number + 1) if self._numbered else name, min(SMALL, self._cell)
        middle = (number + 0.5) * self._cell
        if self._cell > 7:
            at = Point(self._left - 6, _TOP + middle + size * 0.35)
            canvas.text(at, shortened(name, self._left - 12, size), size=size, anchor="end")
        if text_width(above, SMALL) < self._cell:
            canvas.text(Point(self._left + middle, _TOP - 6), above, size=SMALL, anchor="middle")

    @cached_property
    def _numbered(self) -> bool:
        widest = max((text_width(name, SMALL) for name in self.classes), default=0.0)
        return widest > min((WIDTH - widest) / len(self.classes) - 10, _LARGEST) if self.classes else False

    @cached_property
    def _names(self) -> list[str]:
        return [f"{number}  {name}" if self._numbered else name for number, name in enumerate(self.classes, start=1)]

    @cached_property
    def _left(self) -> float:
        """Return the left edge of the cells."""
        widths = [text_width(name, SMALL) for name in self._names] + [text_width(self.rows, SMALL)]
        return _MARGIN + min(max(widths), _LABELS) + 6

    @cached_property
    def _cell(self) -> float:
        """Return the size of a cell."""
        return min((WIDTH - _MARGIN - self._left) / max(len(self.classes), 1), _LARGEST)


def _draw(canvas: Canvas, box: Box, count: float, share: float) -> None:
    if box.width >= _SMALLEST:
        canvas.rectangle(box, "grid", shade=0.5)
        box = Box(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1)
    canvas.rectangle(box, "surface")
    canvas.rectangle(box, "shade", shade=share)
    label = f"{count:,}"
    if box.width >= _SMALLEST and text_width(label, SMALL) < box.width and count:
        canvas.text(Point(box.x + box.width / 2, box.y + box.height / 2 + 4), label, size=SMALL, anchor="middle")
