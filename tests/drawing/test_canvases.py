"""Canvases: what they write for texts, colours and shapes."""

from __future__ import annotations

import io
import time
from xml.etree import ElementTree

import pytest
from PIL import Image

from lightship.drawing.canvas import Box, Canvas, Point, Size, shortened, text_width
from lightship.drawing.palette import DARK, LIGHT, SERIES
from lightship.drawing.png import to_png
from lightship.drawing.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('1')</script> \"&\" \u202e\u05d0\x00\ud800"


class Everything:
    """A chart with each shape."""

    title = HOSTILE
    size = Size(60, 40)

    def draw(self, canvas: Canvas) -> None:
        with canvas.group(HOSTILE):
            canvas.rectangle(Box(10, 10, 20, 10), "blue")
            canvas.rectangle(Box(40, 10, 10, 10), "red", shade=0.5)
        canvas.line([Point(0, 30), Point(60, 30)], "green", dashed=True)
        canvas.line([Point(0, 35), Point(60, 35)], "orange", width=2)
        canvas.circle(Point(20, 15), 2, "purple")
        canvas.text(Point(5, 9), HOSTILE, anchor="start")


@pytest.mark.parametrize("themed", [False, True])
def test_svg_is_well_formed_with_hostile_texts(themed: bool) -> None:
    root = ElementTree.fromstring(to_svg(Everything(), themed=themed))  # noqa: S314
    assert root.get("viewBox") == "0 0 60 40"
    titles = [element.text or "" for element in root.iter(f"{SVG}title")]
    assert len(titles) == 2
    assert all(title.startswith("<script>alert('1')</script> \"&\"") for title in titles)
    assert all("\u202e" not in title for title in titles), "it would reverse the text that follows"
    assert not list(root.iter(f"{SVG}script"))


def test_svg_file_has_colours_and_themed_element_has_classes() -> None:
    plain, themed = (to_svg(Everything(), themed=themed) for themed in (False, True))
    assert LIGHT["blue"] in plain
    assert "class=" not in plain
    assert "f-blue" in themed
    assert not any(colour in themed for colour in LIGHT.values())
    assert "style=" not in plain + themed, "content security policies forbid it"


def test_png_has_each_shape() -> None:
    image = Image.open(io.BytesIO(to_png(Everything(), scale=2)))
    assert image.size == (120, 80)

    def colour(x: int, y: int) -> str:
        return "#{:02x}{:02x}{:02x}".format(*image.getpixel((2 * x, 2 * y)))

    assert colour(12, 12) == LIGHT["blue"]
    assert colour(20, 15) == LIGHT["purple"]
    assert colour(30, 35) == LIGHT["orange"]
    assert colour(55, 38) == LIGHT["surface"]
    along = {colour(x, 30) for x in range(60)}
    assert {LIGHT["green"], LIGHT["surface"]} <= along, "a dashed line has gaps"


def test_dashed_line_of_short_pieces_has_gaps() -> None:
    class Dashed:
        title = "dashed"
        size = Size(60, 10)

        def draw(self, canvas: Canvas) -> None:
            canvas.line([Point(x, 5) for x in range(61)], "ink", dashed=True)

    image = Image.open(io.BytesIO(to_png(Dashed(), scale=1))).convert("L")
    dark = [image.getpixel((x, 5)) < 128 for x in range(60)]
    assert 20 <= sum(dark) <= 45


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrasts_suffice(colours: dict[str, str]) -> None:
    for text in ("ink", "muted"):
        assert contrast(colours[text], colours["surface"]) >= 4.5
    assert contrast(colours["ink"], colours["shade"]) >= 4.5
    for tone in SERIES:
        assert contrast(colours[tone], colours["surface"]) >= 4.5
    assert LIGHT.keys() == DARK.keys()


def contrast(one: str, other: str) -> float:
    """Return the ratio of contrast of two colours, as WCAG 2.2 defines it."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("character", ["l", "面", " ", "\u0301"])
def test_long_text_is_shortened_in_bounded_time(character: str) -> None:
    start = time.process_time()
    for _ in range(20):
        assert len(shortened(character * 1_000_000, 100)) <= 1001
        assert text_width(character * 1_000_000) <= 12_000
    assert time.process_time() - start < 2


def test_shortened_text_fits() -> None:
    assert shortened("short", 100) == "short"
    assert shortened("two\n lines", 100) == "two lines"
    long = shortened("a very long name of a feature", 80)
    assert long.endswith("…")
    assert text_width(long) <= 80
    assert text_width("面積") > text_width("ab"), "wide characters count as such"
    assert shortened("面", 0) == "…"
