"""Versions, labels, traffic and rollback in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext

from lightship.registry.registry import Registry
from tests.bundles import Registries, republish
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = pytest.mark.browser

VERSIONS = "#/models/modes/operate"


@pytest.fixture
def registry(tmp_path: Path, registries: Registries) -> Path:
    """Return a registry with three versions of a model, the first in production."""
    folder = tmp_path / "models"
    for bundle in ("modes", "roots", "modes"):
        republish(Registry(str(folder)), registries.small / bundle / "1", "modes")
    return folder


@pytest.fixture
def operating(serve: Serve, registry: Path) -> str:
    """Return the address of a server that allows changes."""
    address = serve(registry=registry, LIGHTSHIP_ALLOW_ADMIN="1")
    httpx.post(f"{address}models/modes/label", json={"label": "production", "version": 1}).raise_for_status()
    return address


@pytest.fixture
def page(context: BrowserContext, operating: str) -> Iterator[Page]:
    """Yield the page of that server; an unexpected error fails the test."""
    made = Page(context.new_page(), operating)
    yield made
    assert made.errors == []


def _model(page: Page) -> dict[str, object]:
    found: dict[str, object] = httpx.get(f"{page.address}models/modes").json()
    return found


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_versions_are_accessible_and_fit(page: Page, width: int, scheme: str) -> None:
    page.open(VERSIONS, width=width, scheme=scheme)
    page.wait_for("label production 1")
    assert page.findings() == []
    assert page.overflow() <= 0


def test_label_is_moved_and_removed(page: Page) -> None:
    page.open(VERSIONS)
    page.fill("Label", "canary")
    page.choose("Version of the label", "version 2")
    page.click("Set label")
    page.wait_for("Done.")
    assert _model(page)["labels"] == {"production": 1, "canary": 2}
    page.click("Remove label canary")
    page.wait_for("label canary --remove")
    assert _model(page)["labels"] == {"production": 1}


def test_label_with_wrong_name_cannot_be_sent(page: Page) -> None:
    page.open(VERSIONS)
    page.fill("Label", "1 is not a name")
    page.wait_for("Up to 64 characters")
    assert page.named("Set label").is_disabled()


def test_traffic_sliders_add_up_to_100_and_are_applied(page: Page) -> None:
    page.open(VERSIONS)
    page.choose("Add a version", "Version 2")
    page.choose("Add a version", "Version 3")
    page.field("Version 2").fill("30")
    page.field("Version 3").fill("20")
    shares = [int(page.field(f"Version {number}").input_value()) for number in (1, 2, 3)]
    assert sum(shares) == 100
    assert shares[2] == 20
    page.click("Apply the split")
    page.wait_for("Done.")
    assert _model(page)["traffic"] == {str(number): share for number, share in zip((1, 2, 3), shares, strict=True)}
    page.click("End the split")
    page.tab.get_by_role("button", name="End the split").wait_for(state="detached")
    assert _model(page)["traffic"] == {}


def test_mirroring_is_started_and_ended(page: Page) -> None:
    page.open(VERSIONS)
    page.choose("Mirrored version", "version 3")
    page.fill("Percent of the requests", "50")
    page.click("Mirror")
    page.click("End mirroring to version 3 (50%)")
    page.tab.get_by_text("End mirroring").wait_for(state="detached")
    assert _model(page)["mirrored"] == {}


def test_rollback_asks_and_names_changes(page: Page) -> None:
    httpx.post(f"{page.address}models/modes/label", json={"label": "production", "version": 2}).raise_for_status()
    page.open(VERSIONS)
    page.click("Roll back…")
    page.wait_for("Label “production”: version 2 → version 1")
    assert page.findings() == []
    page.click("Cancel")
    assert _model(page)["labels"] == {"production": 2}
    page.click("Roll back…")
    page.click("Restore it")
    page.wait_for("Done.")
    assert _model(page)["labels"] == {"production": 1}


def test_failed_change_shows_reason_and_state_of_server(page: Page, registry: Path) -> None:
    page.open(VERSIONS)
    page.wait_for("label production 1")
    page.choose("Mirrored version", "version 2")  # meanwhile another operator sends it traffic
    httpx.post(f"{page.address}models/modes/traffic", json={"traffic": {"1": 50, "2": 50}}).raise_for_status()
    page.click("Mirror")
    page.wait_for("Nothing was changed")
    assert "cannot be mirrored" in page.tab.get_by_role("alert").inner_text()
    page.tab.get_by_role("button", name="End the split").wait_for()
    page.expect_error("409")


def test_versions_without_admin_name_setting_and_commands(
    context: BrowserContext, serve: Serve, registry: Path
) -> None:
    page = Page(context.new_page(), serve(registry=registry))
    page.open(VERSIONS)
    page.wait_for("LIGHTSHIP_ALLOW_ADMIN=1")
    page.wait_for("lightship traffic modes 1=90 2=10")
    assert not page.named("Set label").is_visible()
    assert page.findings() == []
    assert page.errors == []


def test_versions_in_chinese_have_chinese_controls(page: Page) -> None:
    page.open(VERSIONS)
    page.choose("Language", "中文")
    page.tab.get_by_role("button", name="设置标签").wait_for()
