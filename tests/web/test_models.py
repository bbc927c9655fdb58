"""The list of models in Chromium."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.bundles import Registries
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["English", "中文"])
def test_list_of_models_is_accessible_and_fits(page: Page, width: int, language: str) -> None:
    page.open(width=width)
    page.choose("Language", language)
    page.tab.locator(".card").first.wait_for()
    assert page.findings() == []
    assert page.overflow() <= 0


def test_card_shows_version_and_default_and_links_to_model(page: Page) -> None:
    page.open()
    card = page.tab.locator(".card", has_text="quickstart")
    expect(card).to_contain_text("default")
    expect(card).to_contain_text("version 1")
    expect(card).to_contain_text("litert")
    expect(card).to_contain_text("Estimates from three measurements of cell nuclei")
    page.click("quickstart")
    page.tab.locator(".best").wait_for()


def test_list_of_few_models_has_no_search(page: Page) -> None:
    page.open()
    page.tab.locator(".card").first.wait_for()
    assert page.tab.get_by_role("searchbox").count() == 0


def test_list_of_many_models_is_searched_and_sorted(
    context: BrowserContext, serve: Serve, registries: Registries, tmp_path: Path
) -> None:
    for number in range(12):
        shutil.copytree(registries.examples / "quickstart", tmp_path / f"risk-{number}")
    shutil.copytree(registries.examples / "digits", tmp_path / "digits")
    page = Page(context.new_page(), serve(registry=tmp_path))
    page.open()
    page.fill("Search", "risk 1")
    page.wait_for("3 of 13 models")
    assert page.tab.locator(".card h2").all_inner_texts() == ["risk-1", "risk-10", "risk-11"]
    page.fill("Search", "")
    page.choose("Sort by", "size")
    assert page.tab.locator(".card h2").first.inner_text() == "digits"
    page.fill("Search", "nothing like it")
    page.wait_for("No model matches")
    assert page.findings() == []


def test_empty_registry_shows_commands_until_model_is_added(
    context: BrowserContext, serve: Serve, registries: Registries, tmp_path: Path
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = Page(context.new_page(), serve(registry=tmp_path, LIGHTSHIP_REFRESH_SECONDS="0.1"))
    page.open(width=390)
    page.wait_for("There are no models yet")
    page.wait_for("lightship compile --help")
    page.click("Copy")
    page.wait_for("Copied")
    assert page.tab.evaluate("navigator.clipboard.readText()") == "lightship compile my-model.keras"
    assert page.findings() == []
    assert page.overflow() <= 0
    shutil.copytree(registries.examples / "quickstart", tmp_path / "quickstart")
    page.click("Look again")
    page.click("quickstart")


@pytest.mark.parametrize(
    ("file", "reason"), [("manifest.json", "not a manifest"), ("model.tflite", "its digest differs")]
)
def test_failed_model_shows_reason_once_on_each_tab(
    context: BrowserContext, serve: Serve, registries: Registries, tmp_path: Path, file: str, reason: str
) -> None:
    shutil.copytree(registries.examples / "quickstart", tmp_path / "broken")
    (tmp_path / "broken" / "1" / file).write_text("{")
    page = Page(context.new_page(), serve(registry=tmp_path))
    page.open()
    expect(page.tab.locator(".card")).to_contain_text("failed")
    expect(page.tab.locator(".card .problem")).to_contain_text(reason)
    page.click("broken")
    expect(page.tab.get_by_role("alert")).to_have_text(re.compile("See the reason above."))
    expect(page.tab.get_by_text(reason)).to_have_count(1)
    page.click("Versions")
    page.tab.get_by_role("heading", name="History").wait_for()
    expect(page.tab.get_by_text(reason)).to_have_count(1)
    expect(page.tab.get_by_role("alert")).to_have_count(0)


def test_unknown_model_shows_error(page: Page) -> None:
    page.open("#/models/nothing")
    page.wait_for("there is no model")
    page.expect_error("404")
