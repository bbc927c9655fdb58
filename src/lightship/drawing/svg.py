"""Charts as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape

from lightship.drawing.canvas import LONGEST, TEXT, Anchor, Box, Chart, Point, Size
from lightship.drawing.palette import LIGHT

_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif"


def to_svg(chart: Chart, *, themed: bool = False) -> str:
    """Return a chart as an SVG element, which is also a complete file.

    Args:
        chart: the chart.
        themed: use the classes of :func:`lightship.drawing.palette.rules` in place of colours, so that the page that
            contains the element chooses light or dark.
    """
    canvas = SvgCanvas(chart.size, themed=themed)
    if not themed:
        canvas.rectangle(Box(0, 0, *chart.size), "surface")
    chart.draw(canvas)
    return canvas.element(chart.title)


class SvgCanvas:
    """Canvas that collects SVG elements.

    They have presentation attributes or classes, never ``style`` attributes, which content security policies forbid.
    """

    def __init__(self, size: Size, *, themed: bool = False) -> None:
        self._size = size
        self._themed = themed
        self._elements: list[str] = []

    def rectangle(self, box: Box, tone: str, *, shade: float = 1.0) -> None:
        """Fill a rectangle."""
        x, y, width, height = map(_number, box)
        self._add(f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{self._fill(tone, shade)}/>')

    def line(self, points: Sequence[Point], tone: str, *, width: float = 1.0, dashed: bool = False) -> None:
        """Draw a line through the points."""
        path = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        stroke = f'{self._paint("stroke", tone)} stroke-width="{_number(width)}" stroke-linejoin="round"{dashes}'
        self._add(f'<polyline points="{path}" fill="none"{stroke}/>')

    def circle(self, centre: Point, radius: float, tone: str, *, shade: float = 1.0) -> None:
        """Fill a circle."""
        x, y = map(_number, centre)
        self._add(f'<circle cx="{x}" cy="{y}" r="{_number(radius)}"{self._fill(tone, shade)}/>')

    def text(self, at: Point, content: str, *, tone: str = "ink", size: float = TEXT, anchor: Anchor = "start") -> None:
        """Write one line of text, left to right in any language."""
        position = f'x="{_number(at.x)}" y="{_number(at.y)}" font-size="{_number(size)}" text-anchor="{anchor}"'
        self._add(f"<text {position}{self._fill(tone, 1)}>{_escaped(content)}</text>")

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Put what is drawn inside into a ``<g>`` with a title."""
        self._add(f"<g><title>{_escaped(title)}</title>")
        yield
        self._add("</g>")

    def element(self, title: str) -> str:
        """Return the complete element; its title is its name for assistive technology."""
        width, height = self._size
        opening = (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="{_FONT}">'
        )
        return f"{opening}<title>{_escaped(title)}</title>{''.join(self._elements)}</svg>"

    def _add(self, element: str) -> None:
        self._elements.append(element)

    def _fill(self, tone: str, shade: float) -> str:
        opacity = "" if shade >= 1 else f' fill-opacity="{_number(shade)}"'
        return self._paint("fill", tone) + opacity

    def _paint(self, attribute: str, tone: str) -> str:
        return f' class="{attribute[0]}-{tone}"' if self._themed else f' {attribute}="{LIGHT[tone]}"'


def _number(value: float) -> str:
    """Return a number with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _escaped(content: str) -> str:
    """Return text for XML, bounded, without characters that XML forbids."""
    shown = content[:LONGEST]
    if not shown.isprintable():
        shown = "".join(character if character.isprintable() else " " for character in shown)
    return escape(shown)
