"""Icons of the installed page: PNG files that are drawn from the SVG files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext

from tests.emulator import ROOT
from tests.web.page import Page

pytestmark = pytest.mark.browser

SOURCES = ROOT / "web" / "public" / "app"


def _picture(page: Page, name: str) -> Image.Image:
    response = page.tab.request.get(f"{page.address}app/{name}")
    assert (response.status, response.headers["content-type"]) == (200, "image/png")
    return Image.open(io.BytesIO(response.body()))


def _rendered(context: BrowserContext, source: Path, size: int) -> Image.Image:
    """Return an SVG file as Chromium shows it."""
    tab = context.new_page()
    tab.set_viewport_size({"width": size, "height": size})
    tab.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{source.read_text()}")
    return Image.open(io.BytesIO(tab.screenshot(omit_background=True)))


def test_manifest_has_icons_of_stated_sizes_for_both_purposes(page: Page) -> None:
    icons = page.tab.request.get(f"{page.address}app/site.webmanifest").json()["icons"]
    drawn = [icon for icon in icons if icon["type"] == "image/png"]
    assert {(icon["sizes"], icon["purpose"]) for icon in drawn} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
    for icon in drawn:
        width, height = _picture(page, icon["src"]).size
        assert icon["sizes"] == f"{width}x{height}"


def test_page_links_opaque_icon_for_apple_devices(page: Page) -> None:
    page.open()
    name = page.tab.locator("link[rel=apple-touch-icon]").get_attribute("href")
    assert name == "./app/apple-touch-icon.png"
    picture = _picture(page, name.rpartition("/")[2])
    assert picture.size == (180, 180)
    assert picture.convert("RGBA").getextrema()[3] == (255, 255)


@pytest.mark.parametrize(("name", "source"), [("icon-192.png", "icon.svg"), ("maskable-512.png", "maskable.svg")])
def test_icon_equals_source_in_browser(page: Page, context: BrowserContext, name: str, source: str) -> None:
    picture = _picture(page, name)
    shown = _rendered(context, SOURCES / source, picture.width)
    ours, theirs = (np.asarray(each.convert("RGBA"), float) for each in (picture, shown))
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).mean() < 1
