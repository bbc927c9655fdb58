"""The canvas that charts draw on, and what they share: sizes, tones, text widths."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import Literal, NamedTuple, Protocol

# The width of charts, in pixels: they are readable on a phone, and are enlarged on wider screens.
WIDTH = 360
# Sizes of text, in pixels.
TEXT = 12.0
SMALL = 10.5
# The most characters of a text that are measured and drawn.
LONGEST = 1000

Anchor = Literal["start", "middle", "end"]


class Point(NamedTuple):
    """A point in pixels; y grows downwards."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle in pixels: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float


class Size(NamedTuple):
    """The size of a chart, in pixels."""

    width: int
    height: int


class Canvas(Protocol):
    """A drawing area; tones are names of :data:`lightship.drawing.palette.LIGHT`."""

    def rectangle(self, box: Box, tone: str, *, shade: float = 1.0) -> None:
        """Fill a rectangle; ``shade`` is its opacity from 0 to 1."""

    def line(self, points: Sequence[Point], tone: str, *, width: float = 1.0, dashed: bool = False) -> None:
        """Draw a line through the points."""

    def circle(self, centre: Point, radius: float, tone: str, *, shade: float = 1.0) -> None:
        """Fill a circle."""

    def text(self, at: Point, content: str, *, tone: str = "ink", size: float = TEXT, anchor: Anchor = "start") -> None:
        """Write one line of text; ``at`` is on its base line."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Give what is drawn inside a title, for assistive technology and tooltips."""


class Chart(Protocol):
    """A chart: its title for assistive technology, its size, and how to draw it."""

    @property
    def title(self) -> str:
        """Return the chart's title."""

    @property
    def size(self) -> Size:
        """Return the size of the canvas that the chart needs."""

    def draw(self, canvas: Canvas) -> None:
        """Draw the chart on a white or dark canvas of that size."""


def text_width(content: str, size: float = TEXT) -> float:
    """Return an estimate of a text's width in pixels, for any sans-serif font.

    Of a longer text it is the width of the first :data:`LONGEST` characters.
    """
    return sum(map(_relative_width, content[:LONGEST])) * size


def shortened(content: str, width: float, size: float = TEXT) -> str:
    """Return the text on one line, cut off with an ellipsis to fit into ``width``."""
    line = " ".join(content[:LONGEST].split())
    if len(content) <= LONGEST and text_width(line, size) <= width:
        return line
    ends = accumulate(map(_relative_width, line))
    return line[: sum(end * size + size <= width for end in ends)] + "…"


def _relative_width(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.35 if character in "iljtfrI.,:;|' " else 0.8 if character in "mwMW%@" else 0.57
