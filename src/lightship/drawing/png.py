"""Charts as PNG, drawn with Pillow and its own font."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from math import hypot

from PIL import Image, ImageColor, ImageDraw, ImageFont

from lightship.drawing.canvas import LONGEST, TEXT, Anchor, Box, Chart, Point, Size
from lightship.drawing.palette import LIGHT

_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
_DASH, _GAP = 5, 4


def to_png(chart: Chart, *, scale: int = 2) -> bytes:
    """Return a chart as a PNG file of ``scale`` times its size."""
    canvas = PngCanvas(chart.size, scale=scale)
    chart.draw(canvas)
    return canvas.file()


class PngCanvas:
    """Canvas on an image with a white background.

    Pillow's font has Latin characters only: others appear as empty boxes.
    """

    def __init__(self, size: Size, *, scale: int = 2) -> None:
        self._scale = scale
        self._image = Image.new("RGB", (size.width * scale, size.height * scale), LIGHT["surface"])
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def rectangle(self, box: Box, tone: str, *, shade: float = 1.0) -> None:
        """Fill a rectangle; one of less than a pixel is not drawn."""
        left, top = self._pixel(Point(box.x, box.y))
        right, bottom = self._pixel(Point(box.x + box.width, box.y + box.height))
        if right > left and bottom > top:
            self._draw.rectangle((left, top, right - 1, bottom - 1), fill=_colour(tone, shade))

    def line(self, points: Sequence[Point], tone: str, *, width: float = 1.0, dashed: bool = False) -> None:
        """Draw a line through the points."""
        pieces = _dashes(points) if dashed else [points]
        for piece in pieces:
            pixels = [self._pixel(point) for point in piece]
            self._draw.line(pixels, fill=_colour(tone, 1), width=max(round(width * self._scale), 1), joint="curve")

    def circle(self, centre: Point, radius: float, tone: str, *, shade: float = 1.0) -> None:
        """Fill a circle."""
        x, y = self._pixel(centre)
        self._draw.circle((x, y), radius * self._scale, fill=_colour(tone, shade))

    def text(self, at: Point, content: str, *, tone: str = "ink", size: float = TEXT, anchor: Anchor = "start") -> None:
        """Write one line of text."""
        font = _font(size * self._scale)
        self._draw.text(self._pixel(at), content[:LONGEST], fill=_colour(tone, 1), font=font, anchor=_ANCHORS[anchor])

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Draw what is inside: an image has no titles."""
        yield

    def file(self) -> bytes:
        """Return the image as a PNG file."""
        file = io.BytesIO()
        self._image.save(file, "PNG", optimize=True)
        return file.getvalue()

    def _pixel(self, point: Point) -> tuple[int, int]:
        return round(point.x * self._scale), round(point.y * self._scale)


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _colour(tone: str, shade: float) -> tuple[int, ...]:
    return (*ImageColor.getrgb(LIGHT[tone]), round(shade * 255))


def _dashes(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """Yield the dashes of a line, by the distance from its start."""
    walked = 0.0
    for start, end in pairwise(points):
        length = hypot(end.x - start.x, end.y - start.y)
        first = -(walked % (_DASH + _GAP))
        while first < length:
            low, high = max(first, 0.0), min(first + _DASH, length)
            if high > low:
                yield _between(start, end, low / length), _between(start, end, high / length)
            first += _DASH + _GAP
        walked += length


def _between(start: Point, end: Point, share: float) -> Point:
    return Point(start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)
