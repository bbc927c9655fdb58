"""Lines and points over two axes: curves, thresholds, scatter plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from lightship.drawing.canvas import SMALL, WIDTH, Box, Canvas, Point, Size, shortened, text_width
from lightship.drawing.charts.frame import Axis, Frame
from lightship.drawing.palette import SERIES

_HEIGHT = 300
_LEGEND = 18
_KEY = 22
_LABEL = 14  # the height of a label
_MOST_LABELS = 100


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
        _write(canvas, frame, self.series)
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


def _write(canvas: Canvas, frame: Frame, series: Sequence[Series]) -> None:
    """Write the first labels beside their points, apart where there is space."""
    written: list[Box] = []
    labels = chain.from_iterable(zip(each.points, each.labels, strict=False) for each in series)
    for point, label in islice(labels, _MOST_LABELS):
        text = shortened(label, 120, SMALL)
        box = _space(frame.point(*point), text_width(text, SMALL), written)
        written.append(box)
        canvas.text(Point(box.x, box.y + box.height - 3), text, size=SMALL)


def _space(point: Point, width: float, taken: Sequence[Box]) -> Box:
    """Return a box for a label above or below a point that overlaps no other."""
    left, right = point.x - 6 - width, point.x + 6
    boxes = [Box(x, y, width, _LABEL) for y in (point.y - 4 - _LABEL, point.y + 4) for x in (right, left)]
    inside = [box for box in boxes if box.x >= 0 and box.x + width <= WIDTH] or boxes
    return next((box for box in inside if not any(_overlap(box, other) for other in taken)), inside[0])


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )
