"""Images for a model in Chromium: files, drawings, the camera."""

from __future__ import annotations

import io
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Browser, expect

from tests.web.page import Page

pytestmark = pytest.mark.browser

DIGITS = "#/models/digits/try"
SEVEN = Path("examples/digits/seven.png")

# Strokes on the pad, from 0 to 1: the pen draws lines between the points.
ONE = [(0.42, 0.26), (0.52, 0.16), (0.52, 0.84)]
SEVEN_DRAWN = [(0.3, 0.17), (0.7, 0.17), (0.48, 0.85)]
_CIRCLE = [(0.5 + 0.2 * sin(angle * pi / 12), 0.5 - 0.33 * cos(angle * pi / 12)) for angle in range(25)]
_TWO = [(0.32, 0.3), (0.38, 0.19), (0.5, 0.15), (0.62, 0.19), (0.67, 0.3), (0.62, 0.43), (0.3, 0.83), (0.7, 0.83)]
_THREE = [
    *((0.33, 0.2), (0.5, 0.15), (0.64, 0.22), (0.64, 0.38), (0.48, 0.47)),
    *((0.66, 0.56), (0.68, 0.72), (0.52, 0.84), (0.33, 0.79)),
]
_FIVE = [(0.66, 0.16), (0.38, 0.16), (0.35, 0.46), (0.52, 0.43), (0.66, 0.53), (0.66, 0.7), (0.52, 0.84), (0.34, 0.8)]
_SIX = [
    *((0.6, 0.15), (0.42, 0.35), (0.34, 0.6), (0.4, 0.8), (0.55, 0.84)),
    *((0.66, 0.72), (0.62, 0.57), (0.48, 0.53), (0.36, 0.63)),
]
_EIGHT = [
    *((0.62, 0.24), (0.5, 0.16), (0.38, 0.24), (0.4, 0.38), (0.6, 0.56), (0.66, 0.7)),
    *((0.5, 0.84), (0.34, 0.72), (0.4, 0.56), (0.6, 0.4), (0.63, 0.26)),
]
_NINE = [(0.63, 0.3), (0.5, 0.17), (0.37, 0.3), (0.42, 0.45), (0.56, 0.45), (0.63, 0.3), (0.6, 0.6), (0.52, 0.85)]
DRAWINGS: dict[str, list[list[tuple[float, float]]]] = {
    "0": [_CIRCLE],
    "1": [ONE],
    "2": [_TWO],
    "3": [_THREE],
    "4": [[(0.4, 0.15), (0.3, 0.55), (0.7, 0.55)], [(0.6, 0.3), (0.6, 0.86)]],
    "5": [_FIVE],
    "6": [_SIX],
    "7": [SEVEN_DRAWN],
    "8": [_EIGHT],
    "9": [_NINE],
}


def _choose(page: Page, name: str, content: bytes, media_type: str = "image/png") -> None:
    page.click("File")
    page.tab.set_input_files("input[type=file]", {"name": name, "mimeType": media_type, "buffer": content})


def _transfer(page: Page, target: str, event: str) -> None:
    """Send an event with the file of a seven as `data`."""
    script = f"""bytes => {{
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], 'seven.png'));
      {target}.dispatchEvent({event});
    }}"""
    page.tab.evaluate(script, list(SEVEN.read_bytes()))


def test_image_file_is_predicted(page: Page) -> None:
    page.open(DIGITS)
    _choose(page, "seven.png", SEVEN.read_bytes())
    expect(page.tab.locator(".best")).to_contain_text("7,")
    page.wait_for("The model sees it as 28")


@pytest.mark.parametrize("content", [b"", b"no image", SEVEN.read_bytes()[:60]])
def test_unreadable_image_is_refused(page: Page, content: bytes) -> None:
    page.open(DIGITS)
    _choose(page, "broken.png", content)
    page.wait_for("broken.png is not an image")
    assert page.named("Predict").is_disabled()


def test_photo_of_many_megabytes_is_made_smaller(page: Page, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4200, 4200, 3), np.uint8)
    photo = tmp_path / "photo.png"
    PIL.Image.fromarray(noise).save(photo, compress_level=0)
    assert photo.stat().st_size > 50_000_000
    page.open(DIGITS)
    page.click("File")
    with page.tab.expect_response(lambda response: len(response.request.post_data or "") > 10_000) as answer:
        page.tab.set_input_files("input[type=file]", photo)
    assert answer.value.status == 200
    assert len(answer.value.request.post_data or "") < 2_000_000
    page.wait_for("made smaller in the page")


def test_image_of_another_type_is_converted(page: Page) -> None:
    content = io.BytesIO()
    PIL.Image.open(SEVEN).convert("RGB").save(content, "WEBP", lossless=True)
    page.open(DIGITS)
    _choose(page, "seven.webp", content.getvalue(), "image/webp")
    page.wait_for("made smaller in the page")
    expect(page.tab.locator(".best")).to_contain_text("7,")


def test_image_with_exif_orientation_is_upright(page: Page) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    seven = PIL.Image.open(SEVEN).convert("L")
    content = io.BytesIO()
    seven.transpose(PIL.Image.Transpose.ROTATE_90).resize((5000, 5000)).save(content, "JPEG", exif=exif)
    page.open(DIGITS)
    _choose(page, "turned.jpg", content.getvalue(), "image/jpeg")
    page.wait_for("made smaller in the page")
    expect(page.tab.locator(".best")).to_contain_text("7,")


@pytest.mark.parametrize("digit", DRAWINGS)
def test_drawn_digit_is_recognised(page: Page, digit: str) -> None:
    page.open(DIGITS)
    for stroke in DRAWINGS[digit]:
        page.draw(stroke)
    expect(page.tab.locator(".best")).to_contain_text(f"{digit},")


@pytest.mark.parametrize(("scale", "across", "down"), [(0.65, 0.0, 0.0), (1.2, 0.0, 0.0), (0.8, 0.1, -0.1)])
def test_small_large_or_shifted_drawing_is_recognised(page: Page, scale: float, across: float, down: float) -> None:
    page.open(DIGITS)
    page.draw([(0.5 + across + scale * (x - 0.5), 0.5 + down + scale * (y - 0.5)) for x, y in SEVEN_DRAWN])
    expect(page.tab.locator(".best")).to_contain_text("7,")


def test_drawing_is_undone_and_cleared(page: Page) -> None:
    page.open(DIGITS)
    page.draw(ONE)
    expect(page.named("Undo")).to_be_enabled()
    page.click("Undo")
    page.wait_for("Complete the input")
    page.draw(ONE)
    page.draw(SEVEN_DRAWN)
    page.click("Clear")
    page.wait_for("Complete the input")


def test_camera_picture_is_predicted(page: Page) -> None:
    page.open(DIGITS)
    page.click("Camera")
    page.click("Open the camera")
    page.wait_until("document.querySelector('video')?.videoWidth > 0")
    page.click("Take the picture")
    page.wait_for("pixels")
    page.tab.locator(".facts").wait_for()
    page.click("Close the camera")
    page.named("Open the camera").wait_for()


def test_refused_camera_shows_reason(chromium: Browser, address: str) -> None:
    context = chromium.new_context(locale="en-GB")
    context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    page = Page(context.new_page(), address)
    page.open(DIGITS)
    page.click("Camera")
    page.click("Open the camera")
    page.wait_for("The browser does not allow the camera")
    context.close()


def test_dropped_image_is_predicted(page: Page) -> None:
    page.open(DIGITS)
    page.click("File")
    _transfer(page, "document.querySelector('.drop')", "new DragEvent('drop', {dataTransfer: data, cancelable: true})")
    expect(page.tab.locator(".best")).to_contain_text("7,")


def test_pasted_image_is_predicted(page: Page) -> None:
    page.open(DIGITS)
    page.click("File")
    _transfer(page, "document", "new ClipboardEvent('paste', {clipboardData: data})")
    expect(page.tab.locator(".best")).to_contain_text("7,")


def test_link_with_small_image_reproduces_image(page: Page) -> None:
    page.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.open(DIGITS)
    _choose(page, "seven.png", SEVEN.read_bytes())
    expect(page.tab.locator(".best")).to_contain_text("7,")
    page.click("Copy a link")
    page.wait_for("Copied.")
    link = page.tab.evaluate("navigator.clipboard.readText()")
    page.open(link.removeprefix(page.address))
    page.wait_for("7, ")


@pytest.mark.parametrize("source", ["Draw", "File", "Camera"])
def test_image_form_is_accessible_and_fits_phone(page: Page, source: str) -> None:
    page.open(DIGITS, width=390)
    page.click(source)
    assert page.findings() == []
    assert page.overflow() <= 0
