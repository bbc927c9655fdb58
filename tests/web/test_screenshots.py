"""The screenshots of the page in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.web import screenshots

pytestmark = pytest.mark.browser


def test_page_is_shown_in_every_view(chromium: Browser, address: str, tmp_path: Path) -> None:
    shot = screenshots.PAGES["models"]
    paths = list(screenshots.take(chromium, address, "models", shot, tmp_path))
    assert [path.stem for path in paths] == [
        "models-1280-light",
        "models-1280-dark",
        "models-390-light",
        "models-390-dark",
        "models-390-light-zh",
    ]
    images = [Image.open(path).convert("RGB") for path in paths]
    assert [image.width for image in images] == [1280, 1280, 390, 390, 390]
    light, dark, *_ = (image.getpixel((5, 500)) for image in images)
    assert sum(light) > sum(dark)  # type: ignore[arg-type]
