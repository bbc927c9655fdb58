"""Bars: signed values beside a common zero line."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from lightship.drawing.canvas import WIDTH
from lightship.drawing.charts.bars import Bar, Bars
from lightship.drawing.palette import NEGATIVE, POSITIVE
from lightship.drawing.png import to_png
from lightship.drawing.svg import to_svg
from tests.drawing.drawn import Drawn

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*bars: Bar) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(Bars("Attributions", bars), themed=True))  # noqa: S314


def rectangles(root: ElementTree.Element) -> list[tuple[str, float, float]]:
    """Return class, left and right edge of each bar."""
    found = [
        (bar.get("class", ""), float(bar.get("x", 0)), float(bar.get("width", 0))) for bar in root.iter(f"{SVG}rect")
    ]
    return [(name, left, left + width) for name, left, width in found]


def test_bars_of_both_signs_share_zero() -> None:
    (one, left, right), (other, far, zero) = rectangles(drawn(Bar("radius", 0.5), Bar("texture", -0.25)))
    assert (one, other) == (f"f-{POSITIVE}", f"f-{NEGATIVE}")
    assert left == pytest.approx(zero, abs=0.1)
    assert right - left == pytest.approx(2 * (zero - far), abs=0.1)
    assert far >= 0
    assert right <= WIDTH


def test_bars_without_length_are_drawn() -> None:
    ((_, left, right),) = rectangles(drawn(Bar("none", 0.0)))
    assert 0 < left == right < WIDTH
    assert rectangles(drawn()) == []


def test_groups_have_label_and_value_as_title() -> None:
    root = drawn(Bar("x" * 500, 1 / 3), Bar("y", 2, "two"))
    titles = [element.text for element in root.iter(f"{SVG}title")]
    assert titles == ["Attributions", f"{'x' * 500}: 0.333", "y: two"]
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert max(map(len, texts)) < 60, "long labels are cut off"


def test_bars_as_png() -> None:
    assert to_png(Bars("Attributions", [Bar("radius", 0.5), Bar("texture", -0.25)])).startswith(b"\x89PNG")


@pytest.mark.parametrize("values", [(5e-324, 0.0), (5e-324, -5e-324), (1e308, -1e308)])
def test_bars_of_extreme_values_are_inside(values: tuple[float, float]) -> None:
    assert Drawn(Bars("extreme", [Bar(str(value), value) for value in values])).inside()
