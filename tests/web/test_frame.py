"""The frame of all pages in Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from lightship.settings.page import JOB_VARIABLES
from tests.emulator import EXAMPLES, ROOT
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = pytest.mark.browser

GROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_lists_models_accessibly_and_fits_phone(page: Page, scheme: str) -> None:
    page.open(width=390, scheme=scheme)
    page.wait_for("quickstart")
    assert page.findings() == []
    assert page.overflow() <= 0


def test_language_is_kept(page: Page) -> None:
    page.open()
    page.choose("Language", "中文")
    page.wait_for("模型")
    page.open()
    page.wait_for("模型")
    assert page.tab.evaluate("document.documentElement.lang") == "zh"


def test_page_reached_by_keyboard_has_focus_and_own_title(page: Page) -> None:
    page.open()
    content = page.tab.locator("main")
    assert page.tab.title() == "Models · Lightship"
    page.named("quickstart").press("Enter")
    expect(content).to_be_focused()
    assert page.tab.title() == "quickstart · Lightship"
    page.named("Try it").wait_for()
    page.tab.keyboard.press("Tab")
    expect(page.named("Try it")).to_be_focused()
    page.tab.go_back()
    page.named("quickstart").wait_for()
    expect(content).to_be_focused()
    assert page.tab.title() == "Models · Lightship"


def test_colours_of_choice_replace_those_of_system_and_are_kept(page: Page) -> None:
    page.open(scheme="light")
    light = page.tab.evaluate(GROUND)
    page.choose("Colours", "Dark")
    dark = page.tab.evaluate(GROUND)
    page.open(scheme="light")
    assert page.tab.evaluate(GROUND) == dark != light
    page.choose("Colours", "System")
    assert page.tab.evaluate(GROUND) == light


def test_lost_connection_is_shown_until_server_answers(page: Page, context: BrowserContext) -> None:
    page.open()
    page.wait_for("quickstart")
    context.set_offline(True)
    page.wait_for("The connection to the server is lost")
    assert page.findings() == []
    context.set_offline(False)
    page.wait_until("!document.querySelector('.connection')")


def test_server_without_page_names_command_in_styled_page(
    context: BrowserContext, serve: Serve, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "src", tmp_path, ignore=shutil.ignore_patterns("static", "__pycache__"), dirs_exist_ok=True)
    page = Page(context.new_page(), serve(PYTHONPATH=str(tmp_path)))
    page.open(width=390, scheme="dark")
    page.wait_for("make web")
    assert page.tab.evaluate(GROUND) == "rgb(16, 23, 29)"
    assert page.findings() == []
    assert page.overflow() <= 0
    page.click("its documentation")
    page.tab.wait_for_url("**/docs")
    page.expect_error("503")
    assert page.errors == []


@pytest.mark.parametrize("language", ["English", "中文"])
def test_header_on_phone_has_one_line(context: BrowserContext, serve: Serve, language: str) -> None:
    """All links are there: files of a stack, and models on the device."""
    page = Page(
        context.new_page(), serve(**dict.fromkeys(JOB_VARIABLES, "files") | {"LIGHTSHIP_REGISTRY": str(EXAMPLES)})
    )
    page.open("#/models/quickstart/device", width=390)
    page.click("Use offline", role="button")
    page.tab.locator("header a[href='#/offline']").wait_for()
    page.choose("Language", language)
    assert page.tab.locator("header nav a").count() == 4
    assert page.tab.locator("header").bounding_box()["height"] < 64  # type: ignore[index]
    assert page.overflow() <= 0
    assert page.findings() == []


def test_page_behind_prefix_loads_files(context: BrowserContext, serve: Serve) -> None:
    """A proxy adds a prefix to the address; all addresses of the page are relative."""
    address = serve()
    page = Page(context.new_page(), "http://proxy.example/ml/")

    def forward(route: object) -> None:
        url = route.request.url.replace("http://proxy.example/ml/", address)  # type: ignore[attr-defined]
        route.fulfill(response=route.fetch(url=url))  # type: ignore[attr-defined]

    page.tab.route("http://proxy.example/ml/**", forward)
    page.open()
    page.wait_for("quickstart")
    assert page.errors == []
