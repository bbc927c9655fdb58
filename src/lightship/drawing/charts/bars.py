"""Horizontal bars of signed values: attributions, coefficients, importance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lightship.drawing.canvas import SMALL, WIDTH, Box, Canvas, Point, Size, shortened, text_width
from lightship.drawing.palette import NEGATIVE, POSITIVE

_ROW = 24
_BAR = 14
_MARGIN = 8
_GAP = 6


class Bar(NamedTuple):
    """A bar: its label, its finite value, and the value as text (by default rounded)."""

    label: str
    value: float
    text: str = ""

    @property
    def shown(self) -> str:
        """Return the value as text."""
        return self.text or f"{self.value:.3g}"


@dataclass(frozen=True)
class Bars:
    """Horizontal bars, one below the other, with a common zero line.

    ``heading`` is whether the title is drawn above them.
    """

    title: str
    bars: Sequence[Bar]
    heading: bool = False

    @property
    def size(self) -> Size:
        """Return the size of the canvas that the chart needs."""
        return Size(WIDTH, round(self._top) + len(self.bars) * _ROW + _MARGIN)

    def draw(self, canvas: Canvas) -> None:
        """Draw the bars: labels at the left, values beside the ends of the bars."""
        labels, values = self._widths()
        negative = any(bar.value < 0 for bar in self.bars)
        left = _MARGIN + labels + _GAP + (values + _GAP if negative else 0)
        right = WIDTH - _MARGIN - values - _GAP
        low = min((bar.value for bar in self.bars if bar.value < 0), default=0.0)
        high = max((bar.value for bar in self.bars if bar.value > 0), default=0.0)
        span, width = (high - low) or 1.0, right - left
        zero = left - low / span * width
        for number, bar in enumerate(self.bars):
            with canvas.group(f"{bar.label}: {bar.shown}"):
                _draw(canvas, bar, Point(zero, self._top + number * _ROW), bar.value / span * width, labels)
        if self.heading:
            canvas.text(Point(_MARGIN, _MARGIN + 14), shortened(self.title, WIDTH - 2 * _MARGIN))
        canvas.line([Point(zero, self._top), Point(zero, self.size.height - _MARGIN)], "muted")

    @property
    def _top(self) -> float:
        return _MARGIN + (_ROW if self.heading else 0)

    def _widths(self) -> tuple[float, float]:
        """Return the widths of the labels and of the values, in pixels."""
        labels = max((text_width(bar.label) for bar in self.bars), default=0.0)
        return min(labels, WIDTH * 0.38), max((text_width(bar.shown, SMALL) for bar in self.bars), default=0.0)


def _draw(canvas: Canvas, bar: Bar, zero: Point, length: float, labels: float) -> None:
    base = zero.y + _ROW / 2 + 4
    canvas.text(Point(_MARGIN + labels, base), shortened(bar.label, labels), anchor="end")
    box = Box(min(zero.x, zero.x + length), zero.y + (_ROW - _BAR) / 2, abs(length), _BAR)
    canvas.rectangle(box, POSITIVE if length >= 0 else NEGATIVE)
    end = zero.x + length + (_GAP if length >= 0 else -_GAP)
    canvas.text(Point(end, base), bar.shown, tone="muted", size=SMALL, anchor="start" if length >= 0 else "end")
