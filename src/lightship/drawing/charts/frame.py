"""Axes with ticks, and the scales of the area between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor, isfinite, log10

from lightship.drawing.canvas import SMALL, WIDTH, Box, Canvas, Point, text_width

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TICKS = 5
_LEAST_STEP = 1e-300  # smaller numbers lose digits
_MARGIN = 10
_TOP = 30  # the y axis' label is above it


@dataclass(frozen=True)
class Axis:
    """An axis: its label, and the first and last value."""

    label: str
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def around(cls, label: str, values: Sequence[float], *, zero: bool = False) -> Axis:
        """Return an axis with round limits around finite values, and 0 if wanted."""
        finite = [value for value in values if isfinite(value)] + ([0.0] if zero else [])
        low, high = min(finite, default=0.0), max(finite, default=1.0)
        if low == high:
            low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
        step = _step(low, high)
        return cls(label, floor(low / step) * step, -floor(-high / step) * step)

    def ticks(self) -> list[float]:
        """Return round values on the axis, ascending."""
        step = _step(self.low, self.high)
        first, last = -floor(-self.low / step + 1e-9), floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]

    def share(self, value: float) -> float:
        """Return the position of a value, from 0 (low) to 1 (high)."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True)
class Frame:
    """Two axes, and the box between them."""

    x: Axis
    y: Axis
    height: int

    @cached_property
    def box(self) -> Box:
        """Return the box of the plot in pixels."""
        left = _MARGIN + 6 + max(text_width(label, SMALL) for label in tick_labels(self.y))
        return Box(left, _TOP, WIDTH - left - 2 * _MARGIN, self.height - _TOP - 42)

    def point(self, x: float, y: float) -> Point:
        """Return the point of two values, in pixels."""
        box = self.box
        return Point(box.x + self.x.share(x) * box.width, box.y + (1 - self.y.share(y)) * box.height)

    def draw(self, canvas: Canvas) -> None:
        """Draw the grid, the ticks and the labels; y has its label above."""
        box = self.box
        bottom, right = box.y + box.height, box.x + box.width
        for value, label in zip(self.y.ticks(), tick_labels(self.y), strict=True):
            y = self.point(self.x.low, value).y
            canvas.line([Point(box.x, y), Point(right, y)], "grid")
            canvas.text(Point(box.x - 6, y + 4), label, tone="muted", size=SMALL, anchor="end")
        for value, label in zip(self.x.ticks(), tick_labels(self.x), strict=True):
            x = self.point(value, self.y.low).x
            canvas.line([Point(x, bottom), Point(x, bottom + 4)], "muted")
            canvas.text(Point(x, bottom + 16), label, tone="muted", size=SMALL, anchor="middle")
        canvas.line([Point(box.x, bottom), Point(right, bottom)], "muted")
        canvas.text(Point(box.x + box.width / 2, bottom + 33), self.x.label, tone="muted", anchor="middle")
        canvas.text(Point(_MARGIN, _TOP - 12), self.y.label, tone="muted")


def tick_labels(axis: Axis) -> list[str]:
    """Return the ticks as short texts, all with the same number of decimals."""
    step = _step(axis.low, axis.high)
    largest = max(abs(axis.low), abs(axis.high))
    if largest >= 1e6 or step < 1e-4:
        return [f"{value:.3g}" for value in axis.ticks()]
    decimals = max(-floor(log10(step) + 1e-9), 0) + (1 if f"{step:.1e}".startswith("2.5") and step < 10 else 0)
    return [f"{value + 0.0:,.{decimals}f}" for value in axis.ticks()]


def _step(low: float, high: float) -> float:
    """Return a round distance between at most six ticks."""
    rough = max((high - low) / _TICKS, _LEAST_STEP)
    power = 10.0 ** floor(log10(rough))
    return next(step for step in _STEPS if step * power >= rough * (1 - 1e-9)) * power
