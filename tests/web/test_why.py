"""Explanations in Chromium."""

from __future__ import annotations

import pytest

from tests.web.page import Page

pytestmark = pytest.mark.browser


def _explain(page: Page, model: str) -> None:
    page.open(f"#/models/{model}/try")
    page.click("Why this answer?")


def test_explanation_is_asked_for_when_opened(page: Page) -> None:
    asked: list[str] = []
    page.tab.on("request", lambda request: asked.append(request.url))
    page.open("#/models/quickstart/try")
    page.tab.locator(".best").wait_for()
    assert not any(url.endswith("/explain") for url in asked)
    page.click("Why this answer?")
    page.tab.locator(".contributions").wait_for()
    assert any(url.endswith("/explain") for url in asked)


def test_explanation_of_table_shows_contributions(page: Page) -> None:
    _explain(page, "quickstart")
    page.wait_for("The contributions")
    assert page.tab.locator(".contributions tbody tr").count() == 3
    assert "mean radius" in page.tab.locator(".contributions").inner_text()


def test_explanation_follows_changed_value(page: Page) -> None:
    _explain(page, "quickstart")
    page.tab.locator(".contributions").wait_for()
    answer, contributions = page.tab.locator(".best"), page.tab.locator(".contributions")
    before = [answer.inner_text(), contributions.inner_text()]
    page.field("mean concavity, slider").fill("0.19")
    page.tab.wait_for_function("before => document.querySelector('.best').innerText !== before", arg=before[0])
    page.tab.wait_for_function("before => document.querySelector('.contributions').innerText !== before", arg=before[1])
    assert "0.19" in contributions.inner_text()


def test_explanation_of_another_class_has_opposite_sign(page: Page) -> None:
    _explain(page, "quickstart")
    page.choose("Explain", "malignant")
    page.wait_for("For “malignant”")
    page.choose("Explain", "benign")
    page.wait_for("For “benign”")


def test_explanation_of_image_is_heat_map_with_table(page: Page) -> None:
    page.open("#/models/digits/try", width=390, scheme="dark")
    page.click("File")
    page.tab.set_input_files("input[type=file]", "examples/digits/seven.png")
    page.click("Why this answer?")
    page.tab.locator(".heat canvas").wait_for()
    painted = "[...document.querySelector('.heat canvas').getContext('2d').getImageData(0, 0, 8, 8).data].some(Boolean)"
    page.wait_until(painted)
    page.tab.locator(".heat summary").click()
    assert page.tab.locator("table.grid td").count() == 64
    assert page.findings() == []
    assert page.overflow() <= 0
