"""Lists of items in Chromium: search, chosen items, rankings, reasons, devices."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from lightship.compiler import CompileOptions, compile_model
from lightship.registry.registry import Registry
from tests.compiler.declarations.items_models import NAMES
from tests.model_files import written_once
from tests.web.conftest import Serve
from tests.web.page import Page
from tests.web.test_offline import keep, predict_offline

pytestmark = pytest.mark.browser

SHOP = "#/models/shop/try"


@pytest.fixture(scope="module")
def shop(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a server of the model shop."""
    folder = written_once("tests.compiler.declarations.items_models", "items", tmp_path_factory)
    registry = tmp_path_factory.mktemp("registry")
    options = CompileOptions(config=folder / "model.yaml")
    compile_model(folder / "shop.keras", registry=Registry(str(registry)), options=options)
    return serve(registry=registry)


@pytest.fixture
def tab(context: BrowserContext, shop: str) -> Iterator[Page]:
    made = Page(context.new_page(), shop)
    yield made
    assert made.errors == []


def clear(page: Page) -> None:
    """Remove all chosen items."""
    page.tab.locator(".items").first.wait_for()
    while (remove := page.tab.get_by_role("button", name="Remove ")).count():
        remove.first.click()


def add(page: Page, text: str, label: str = "liked") -> None:
    """Type a text and take the first suggestion."""
    field = page.tab.get_by_role("combobox", name=label, exact=True)
    field.fill(text)
    suggested(page).first.wait_for()
    field.press("Enter")


def suggested(page: Page) -> Locator:
    """Return the options of the open list of suggestions."""
    return page.tab.locator(".search").get_by_role("option")


def ranked(page: Page) -> list[str]:
    """Return the names of the ranking."""
    return page.tab.locator(".ranking th[scope=row] > bdi").all_inner_texts()


def test_form_with_items_chosen_by_keyboard_shows_ranking(tab: Page) -> None:
    tab.open(SHOP)
    clear(tab)
    add(tab, "thing 03")
    add(tab, "THING 04")
    expect(tab.tab.locator(".ranking bdi").first).to_have_text("thing 02")
    assert ranked(tab) == ["thing 02", "thing 05", "thing 01", "thing 06", "thing 00"]
    tab.wait_for("because of")
    assert "0.833" in tab.tab.locator(".ranking tr").nth(1).inner_text()
    tab.tab.get_by_role("combobox", name="liked", exact=True).press("Backspace")
    expect(tab.tab.locator(".chips li")).to_have_count(1)
    expect(tab.tab.locator(".ranking bdi").nth(1)).to_have_text("thing 04")


def test_ranking_on_phone_gives_most_of_width_to_names(tab: Page) -> None:
    tab.open(SHOP, width=390)
    row = tab.tab.locator(".ranking tbody tr").first
    row.wait_for()
    name, whole = row.locator("th").bounding_box(), row.bounding_box()
    assert name and whole
    assert name["width"] > 0.6 * whole["width"]


def test_search_moves_closes_and_takes_with_keys(tab: Page) -> None:
    tab.open(SHOP)
    clear(tab)
    field = tab.tab.get_by_role("combobox", name="liked", exact=True)
    field.fill("thing 1")
    options = suggested(tab)
    expect(options).to_have_count(8)
    field.press("ArrowDown")
    assert options.nth(1).get_attribute("aria-selected") == "true"
    assert field.get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
    field.press("Escape")
    expect(options).to_have_count(0)
    assert field.get_attribute("aria-expanded") == "false"
    field.press("ArrowDown")
    field.press("Enter")
    tab.wait_for("thing 10")
    field.fill("grosse nandu")
    tab.wait_for("No item has this name.")
    field.fill("ñandu 東京")
    options.first.click()
    expect(tab.tab.locator(".chips li").last).to_contain_text(NAMES[21])


def test_search_stops_at_most_items_and_leaves_out_chosen(tab: Page) -> None:
    tab.open(SHOP)
    clear(tab)
    for number in range(4):
        add(tab, f"thing 1{number}")
    expect(tab.tab.get_by_role("combobox", name="liked", exact=True)).to_be_disabled()
    tab.wait_for("4 of at most 4 chosen, from 50")
    tab.click("Remove thing 12")
    tab.fill("liked", "thing 1")
    expect(suggested(tab).first).to_have_text("thing 12")
    add(tab, "bob", "user")
    add(tab, "7", "user")
    expect(tab.tab.locator(".items").first.locator(".chips bdi")).to_have_text("7")


def test_hostile_name_is_text_in_form_ranking_and_explanation(tab: Page) -> None:
    tab.open(SHOP)
    clear(tab)
    add(tab, "onclick")
    expect(tab.tab.locator(".chips bdi")).to_have_text(NAMES[7])
    expect(tab.tab.locator(".ranking .reasons").first).to_contain_text(NAMES[7])
    tab.click("Why this answer?")
    tab.tab.locator(".contributions").wait_for()
    expect(tab.tab.locator(".contributions bdi").first).to_have_text(NAMES[7])
    assert tab.tab.locator("b[onclick]").count() == 0


def test_explanation_of_second_rank_names_item(tab: Page) -> None:
    tab.open(SHOP)
    clear(tab)
    add(tab, "thing 03")
    add(tab, "thing 30")
    expect(tab.tab.locator(".ranking bdi").nth(1)).to_have_text("thing 29")
    tab.click("Why this answer?")
    tab.choose("Explain", "the item at rank 2")
    expect(tab.tab.locator("#why p").first).to_contain_text("“thing 29”")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["English", "中文"])
def test_page_of_items_is_accessible_and_fits_phone(tab: Page, scheme: str, language: str) -> None:
    tab.open(SHOP, width=390, scheme=scheme)
    tab.choose("Language", language)
    tab.tab.locator(".ranking").wait_for()
    tab.tab.locator(".why button").first.click()
    tab.tab.locator(".chips button").last.click()
    tab.fill("liked", "thing 4")
    suggested(tab).first.wait_for()
    assert tab.findings() == []
    assert tab.overflow() <= 0


def test_device_ranks_like_server(tab: Page) -> None:
    tab.open("#/models/shop/device")
    clear(tab)
    add(tab, "ñandu")
    add(tab, "thing 03")
    tab.click("Predict in both places")
    tab.wait_for("The answers differ by at most")
    here, there = (tab.tab.locator(".sides section").nth(at).locator(".ranking").inner_text() for at in (0, 1))
    assert here == there
    assert "thing 04" in here
    tab.errors.clear()  # a browser without a graphics card warns about it


def test_stored_model_offline_has_names_and_ranks(tab: Page, context: BrowserContext) -> None:
    keep(tab, "shop")
    context.set_offline(True)
    predict_offline(tab, "shop")
    clear(tab)
    add(tab, "thing 03")
    tab.click("Predict on this device")
    expect(tab.tab.locator(".ranking .reasons").first).to_contain_text("thing 03")
    assert set(ranked(tab)) <= set(NAMES)
    tab.errors.clear()  # the page looks for its server


def test_link_with_items_and_other_values_shows_items(tab: Page) -> None:
    draft = {"raws": {"liked": {"items": '["thing 08", 3, {"a": 1}]'}, "user": {"items": "broken"}}}
    text = base64.urlsafe_b64encode(json.dumps(draft).encode()).decode().rstrip("=")
    tab.open(f"{SHOP}?input={text}")
    expect(tab.tab.locator(".chips bdi")).to_have_text(["thing 08"])
    expect(tab.tab.locator(".ranking bdi").first).to_have_text(NAMES[7])
