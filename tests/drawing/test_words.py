"""Charts of texts."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from lightship.drawing.canvas import WIDTH
from lightship.drawing.charts.words import Words
from lightship.drawing.png import to_png
from lightship.drawing.svg import to_svg


def parsed(chart: Words) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(chart))  # noqa: S314


def test_words_of_text_are_wrapped_within_width() -> None:
    chart = Words("title", [("word", 0.1)] * 40)
    assert chart.size.height > Words("title", [("word", 0.1)]).size.height
    boxes = [element for element in parsed(chart).iter() if element.tag.endswith("rect")]
    assert all(float(box.get("x", 0)) + float(box.get("width", 0)) <= WIDTH for box in boxes)
    assert len({box.get("y") for box in boxes}) > 2


def test_words_have_colour_by_sign_and_strength_by_value() -> None:
    root = parsed(Words("title", [("good", 1.0), ("bad", -0.5), ("the", 0.0)]))
    good, bad, the = (element for element in root.iter() if element.tag.endswith("}g"))
    fills = [next(child for child in group if child.tag.endswith("rect")) for group in (good, bad, the)]
    assert fills[0].get("fill") != fills[1].get("fill")
    shades = [float(box.get("fill-opacity", 1)) for box in fills]
    assert shades[0] > shades[1] > shades[2]


@pytest.mark.parametrize("words", [[], [("", 0.0)], [("x" * 500, 1.0)], [('<b>&"', -1.0), ("\x1b", 0.5)]])
def test_words_of_unusual_text_are_drawn(words: list[tuple[str, float]]) -> None:
    chart = Words("<title>", words)
    assert parsed(chart).tag.endswith("svg")
    assert to_png(chart).startswith(b"\x89PNG")
