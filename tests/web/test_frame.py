"""The frame of all pages in Chromium."""

from __future__ import annotations

import pytest

from tests.web.page import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_lists_models_accessibly_and_fits_phone(page: Page, scheme: str) -> None:
    page.open(width=390, scheme=scheme)
    page.wait_for("quickstart")
    assert page.findings() == []
    assert page.overflow() <= 0


def test_page_in_chinese_is_kept(page: Page) -> None:
    page.open()
    page.choose("Language", "中文")
    page.wait_for("模型")
    page.open()
    page.wait_for("模型")
    assert page.tab.evaluate("document.documentElement.lang") == "zh"
