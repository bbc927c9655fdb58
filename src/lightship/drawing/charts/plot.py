"""Lines and points over two axes: curves, thresholds, scatter plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lightship.drawing.canvas import SMALL, WIDTH, Canvas, Point, Size, shortened, text_width
from lightship.drawing.charts.frame import Axis, Frame
from lightship.drawing.palette import SERIES

_HEIGHT = 300
_LEGEND = 18
_KEY = 22


@dataclass(frozen=True)
class Series:
    """A line through points, or only the points.

    ``labels`` are texts beside the points, in their order.
    """

    name: str
    points: Sequence[tuple[float, float]]
    scattered: bool = False
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class Plot:
    """Series over two axes; ``guide`` is a dashed line without an entry in the legend.

    Series have different colours; from the seventh on, lines are dashed.
    """

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    guide: Sequence[tuple[float, float]] = field(default=())

    @property
    def size(self) -> Size:
        """Return the size of the canvas that the chart needs."""
        return Size(WIDTH, _HEIGHT + _LEGEND * len(self._legend()))

    def draw(self, canvas: Canvas) -> None:
        """Draw the axes, the series and, for several series, a legend below."""
        frame = Frame(self.x, self.y, _HEIGHT)
        frame.draw(canvas)
        if self.guide:
            canvas.line([frame.point(*point) for point in self.guide], "muted", dashed=True)
        for number, series in enumerate(self.series):
            with canvas.group(series.name):
                _draw(canvas, frame, series, number)
        for line, entries in enumerate(self._legend()):
            for left, number in entries:
                self._key(canvas, Point(left, _HEIGHT + 12 + line * _LEGEND), number)

    def _key(self, canvas: Canvas, at: Point, number: int) -> None:
        series, tone = self.series[number], SERIES[number % len(SERIES)]
        middle = at.y - 4
        if series.scattered:
            canvas.circle(Point(at.x + 7, middle), 4, tone)
        else:
            canvas.line([Point(at.x, middle), Point(at.x + 16, middle)], tone, width=2, dashed=_dashed(number))
        canvas.text(Point(at.x + _KEY, at.y), _name(series), size=SMALL)

    def _legend(self) -> list[list[tuple[float, int]]]:
        """Return the lines of the legend: left edge and number of their series."""
        lines: list[list[tuple[float, int]]] = []
        left = WIDTH + 1.0
        for number, series in enumerate(self.series if len(self.series) > 1 else ()):
            width = _KEY + text_width(_name(series), SMALL) + 14
            if left + width > WIDTH:
                lines.append([])
                left = 12.0
            lines[-1].append((left, number))
            left += width
        return lines


def _name(series: Series) -> str:
    return shortened(series.name, WIDTH * 0.8, SMALL)


def _dashed(number: int) -> bool:
    return number >= len(SERIES)


def _draw(canvas: Canvas, frame: Frame, series: Series, number: int) -> None:
    tone = SERIES[number % len(SERIES)]
    points = [frame.point(*point) for point in series.points]
    if not series.scattered and len(points) > 1:
        canvas.line(points, tone, width=2, dashed=_dashed(number))
    elif len(points) <= 50:
        for point in points:
            canvas.circle(point, 4, tone)
    else:
        for point in points:
            canvas.circle(point, 2.5, tone, shade=0.5)
    for point, label in zip(points, series.labels, strict=False):
        _label(canvas, point, label)


def _label(canvas: Canvas, point: Point, label: str) -> None:
    """Write a label beside a point: at its left where the right has too little space."""
    label = shortened(label, 120, SMALL)
    fits = point.x + 8 + text_width(label, SMALL) < WIDTH
    at = Point(point.x + (8 if fits else -8), point.y - 6)
    canvas.text(at, label, size=SMALL, anchor="start" if fits else "end")
