"""Reports and comparisons of versions in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from lightship.registry.registry import Registry
from tests.bundles import Registries, republish
from tests.emulator import EXAMPLES
from tests.evaluation.report import reports
from tests.evaluation.report.published import with_report
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = pytest.mark.browser

SHOP = "#/models/digits/report"


@pytest.fixture(scope="module")
def reported(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a registry: a version with every part of a report, one without."""
    folder = tmp_path_factory.mktemp("reported")
    names = [f"class {number}" for number in range(10)]
    binary = {**reports.classes(["benign", "malignant"]), "output": "verdict"}
    content = reports.report(reports.classes(names), binary, reports.numbers())
    with_report(registries.examples, folder, model="digits", content=content, measurements=reports.MEASUREMENTS)
    republish(Registry(str(folder)), registries.small / "modes" / "1", "digits")
    republish(Registry(str(folder)), folder / "digits" / "1", "digits")
    return folder


@pytest.fixture(scope="module")
def reported_address(serve: Serve, reported: Path) -> str:
    return serve(registry=reported)


@pytest.fixture
def page(context: BrowserContext, reported_address: str) -> Iterator[Page]:
    """Yield the page of the registry with reports; an unexpected error fails the test."""
    made = Page(context.new_page(), reported_address)
    yield made
    assert made.errors == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_report_with_every_part_is_accessible_and_fits(page: Page, width: int, scheme: str) -> None:
    page.open(f"{SHOP}?version=1", width=width, scheme=scheme)
    page.tab.locator(".chart canvas").first.wait_for()
    headings = page.tab.locator(".part h2").all_inner_texts()
    assert headings[0] == "Overview"
    assert {"Slices", "Worst mistakes", "Feature importance", "Compression", "Data baseline"} <= set(headings)
    assert {"Confusion matrix of class", "Thresholds of verdict", "Errors of y"} <= set(headings)
    assert page.findings() == []
    assert page.overflow() <= 0


def test_report_shows_hostile_names_as_text(page: Page) -> None:
    page.open(f"{SHOP}?version=1")
    page.wait_for("Model card")
    assert page.tab.evaluate("document.querySelectorAll('main script').length") == 0
    assert "<script>alert(1)</script>" in page.tab.locator(".part").last.inner_text()


def test_report_worst_mistakes_wrap_texts_of_data(page: Page) -> None:
    page.open(f"{SHOP}?version=1")
    part = page.tab.locator(".part", has=page.tab.get_by_role("heading", name="Worst mistakes"))
    cell = part.locator("tbody tr").first.locator("td").nth(3)
    assert cell.evaluate("node => getComputedStyle(node).whiteSpace") == "normal"


def test_report_confusion_matrix_has_row_and_column_for_each_class(page: Page) -> None:
    page.open(f"{SHOP}?version=1")
    matrix = page.tab.locator("table.matrix").first
    matrix.wait_for()
    assert matrix.locator("tbody tr").count() == matrix.locator("thead th").count() - 1 == 10


def test_report_threshold_slider_changes_metrics(page: Page) -> None:
    page.open(f"{SHOP}?version=1")
    part = page.tab.locator(".part", has=page.tab.get_by_role("heading", name="Thresholds of verdict"))
    before = part.locator(".tiles").inner_text()
    slider = part.get_by_role("slider", name="Threshold")
    slider.press("End")
    assert part.locator(".tiles").inner_text() != before
    assert "At 0.95" in part.inner_text()


def test_report_of_version_without_one_names_command(page: Page) -> None:
    page.open(f"{SHOP}?version=2")
    page.wait_for("lightship compile FILE --name digits")
    assert page.findings() == []


def test_comparison_with_version_without_report_says_so(page: Page) -> None:
    page.open(f"{SHOP}?version=1&with=2")
    page.wait_for("Version 2 has no report.")


def test_report_of_default_version_without_one_needs_no_further_request(
    context: BrowserContext, serve: Serve, registries: Registries
) -> None:
    address = serve(registry=registries.small)
    page = Page(context.new_page(), address)
    asked: list[str] = []
    page.tab.on("request", lambda request: asked.append(request.url))
    page.open("#/models/modes/report")
    page.wait_for("lightship compile FILE --name modes")
    assert [url.removeprefix(address) for url in asked if "models" in url] == ["models/modes"]
    assert page.errors == []


def test_report_of_card_alone_names_command_for_metrics(context: BrowserContext, serve: Serve) -> None:
    page = Page(context.new_page(), serve(registry=EXAMPLES.parent / "applications"))
    page.open("#/models/answers/report", width=390)
    page.wait_for("Training data")
    page.wait_for("lightship compile FILE --name answers")
    assert page.findings() == []
    assert page.errors == []


def test_comparison_explains_intervals(page: Page) -> None:
    page.open(f"{SHOP}?version=1")
    page.choose("Compare with", "version 3")
    page.wait_for("Version 1 beside version 3")
    compared = page.tab.locator(".compared")
    compared.get_by_text("Equal.").first.wait_for()
    assert page.findings() == []


def test_report_opens_as_printable_page(page: Page) -> None:
    page.open(f"{SHOP}?version=1")
    with page.tab.expect_popup() as opened:
        page.click("Printable page")
    opened.value.get_by_role("heading", name="Confusion matrix of class").wait_for()


def test_printable_page_opens_with_token(context: BrowserContext, serve: Serve, reported: Path) -> None:
    page = Page(context.new_page(), serve(registry=reported, LIGHTSHIP_TOKEN="a-token-of-32-characters-at-least"))
    page.open(f"{SHOP}?version=1")
    page.fill("Token", "a-token-of-32-characters-at-least")
    page.click("Sign in")
    with page.tab.expect_popup() as opened:
        page.click("Printable page")
    opened.value.get_by_role("heading", name="Confusion matrix of class").wait_for()
    assert "token" not in opened.value.url
    assert page.errors == []


def test_report_in_chinese_has_chinese_headings(page: Page) -> None:
    page.open(f"{SHOP}?version=1")
    page.choose("Language", "中文")
    page.tab.get_by_role("heading", name="混淆矩阵").first.wait_for()
    assert "平衡准确率" in page.text()
