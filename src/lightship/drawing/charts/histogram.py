"""Histogram: counts between edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lightship.drawing.canvas import WIDTH, Box, Canvas, Size
from lightship.drawing.charts.frame import Axis, Frame

_HEIGHT = 260


@dataclass(frozen=True)
class Histogram:
    """Counts between ascending edges, of which there is one more."""

    title: str
    label: str
    edges: Sequence[float]
    counts: Sequence[float]

    @property
    def size(self) -> Size:
        """Return the size of the canvas that the chart needs."""
        return Size(WIDTH, _HEIGHT)

    def draw(self, canvas: Canvas) -> None:
        """Draw the axes and a bar for each count."""
        rows = Axis.around("rows", self.counts, zero=True)
        frame = Frame(Axis(self.label, *_ends(self.edges)), rows, _HEIGHT)
        frame.draw(canvas)
        bottom = frame.box.y + frame.box.height
        for (low, high), count in zip(pairwise(self.edges), self.counts, strict=True):
            left, right = frame.point(low, count), frame.point(high, count)
            with canvas.group(f"{low:.4g} to {high:.4g}: {count:,}"):
                canvas.rectangle(Box(left.x, left.y, max(right.x - left.x - 1, 0.5), bottom - left.y), "blue")


def _ends(edges: Sequence[float]) -> tuple[float, float]:
    low, high = min(edges, default=0.0), max(edges, default=1.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)
