"""Charts as parsed SVG, for tests."""

from __future__ import annotations

from xml.etree import ElementTree

from lightship.drawing.canvas import Chart
from lightship.drawing.png import to_png
from lightship.drawing.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"


class Drawn:
    """A chart, drawn on both canvases: the elements of the themed SVG."""

    def __init__(self, chart: Chart) -> None:
        assert to_png(chart, scale=1).startswith(b"\x89PNG")
        self.root = ElementTree.fromstring(to_svg(chart, themed=True))  # noqa: S314
        self.width, self.height = chart.size

    def all(self, name: str) -> list[ElementTree.Element]:
        return list(self.root.iter(SVG + name))

    def texts(self) -> list[str]:
        return [element.text or "" for element in self.all("text")]

    def titles(self) -> list[str]:
        return [element.text or "" for element in self.all("title")]

    def numbers(self, name: str, attribute: str) -> list[float]:
        return [float(element.get(attribute, "nan")) for element in self.all(name)]

    def lines(self) -> list[list[tuple[float, float]]]:
        return [[_pair(point) for point in element.get("points", "").split()] for element in self.all("polyline")]

    def inside(self) -> bool:
        """Return whether all shapes are on the canvas."""
        points = [point for line in self.lines() for point in line]
        points += zip(self.numbers("rect", "x"), self.numbers("rect", "y"), strict=True)
        points += zip(self.numbers("text", "x"), self.numbers("text", "y"), strict=True)
        points += zip(self.numbers("circle", "cx"), self.numbers("circle", "cy"), strict=True)
        return all(0 <= x <= self.width and 0 <= y <= self.height for x, y in points)


def _pair(point: str) -> tuple[float, float]:
    x, y = point.split(",")
    return float(x), float(y)
