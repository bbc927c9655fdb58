"""Boxes in the page: drawn over the image, and listed."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.bundles import Registries
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = pytest.mark.browser

SPOTS = "#/models/spots/try"


@pytest.fixture(scope="module")
def server(serve: Serve, registries: Registries) -> str:
    return serve(registry=registries.small)


@pytest.fixture
def spots(context: BrowserContext, server: str) -> Iterator[Page]:
    """Yield the page of a model of boxes; an unexpected error fails the test."""
    made = Page(context.new_page(), server)
    yield made
    assert made.errors == []


def _png(red: int, size: tuple[int, int] = (300, 200)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (red, 60, 60)).save(file, "PNG")
    return file.getvalue()


def _choose(page: Page, content: bytes) -> None:
    page.tab.set_input_files("input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": content})


def test_boxes_are_drawn_over_image_and_listed(spots: Page) -> None:
    spots.open(SPOTS)
    _choose(spots, _png(255))
    spots.wait_for("spots: 1 found, the best with 100%")
    spots.wait_for("25% from the left, 25% from the top, 25% wide, 50% high")
    image, box = (spots.tab.locator(f".drawn {part}").bounding_box() for part in ("img", "rect"))
    assert image and box
    assert box["x"] - image["x"] == pytest.approx(image["width"] / 4, abs=3)
    assert box["height"] == pytest.approx(image["height"] / 2, abs=5)
    assert spots.findings() == []


def test_image_without_box_says_so_in_both_languages(spots: Page) -> None:
    spots.open(SPOTS)
    _choose(spots, _png(0))
    spots.wait_for("spots: none found in this image.")
    expect(spots.tab.locator(".drawn rect")).to_have_count(0)
    spots.choose("Language", "中文")
    spots.wait_for("spots\uff1a未在该图像中找到。")


def test_boxes_on_phone_fit_window(spots: Page) -> None:
    spots.open(SPOTS, width=390)
    _choose(spots, _png(128, (3000, 400)))
    spots.wait_for("1 found")
    assert spots.overflow() == 0
