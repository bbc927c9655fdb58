"""The page that tries a model in Chromium: tables, code, links and errors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from lightship.bundle import Bundle
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.emulator import EXAMPLES
from tests.evaluation.report.published import with_report
from tests.evaluation.report.reports import numbers, report
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = pytest.mark.browser

QUICKSTART = "#/models/quickstart/try"


def _predicted(page: Page, model: str, body: dict[str, Any]) -> dict[str, float]:
    """Return the probabilities of the server itself."""
    answer = page.tab.request.post(f"{page.address}models/{model}/predict", data=body)
    classes: dict[str, float] = answer.json()["classes"][0]
    return classes


def _shown(page: Page) -> str:
    """Return the best class that the page shows, with its probability."""
    return page.tab.locator(".best").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["English", "中文"])
def test_try_page_is_accessible_and_fits_phone(page: Page, scheme: str, language: str) -> None:
    page.open(QUICKSTART, width=390, scheme=scheme)
    page.choose("Language", language)
    page.tab.locator(".why button").first.click()
    page.tab.locator(".contributions").wait_for()
    page.tab.locator("summary").first.click()
    assert page.findings() == []
    assert page.overflow() <= 0


def test_form_shows_answer_of_server(page: Page) -> None:
    page.open(QUICKSTART)
    values = {"mean radius": 20, "mean texture": 30.5, "mean concavity": 0.3}
    for label, value in values.items():
        page.fill(label, str(value))
    best, share = max(_predicted(page, "quickstart", {"input": values}).items(), key=lambda item: item[1])
    page.wait_for(f"{best}, {share:.1%}".replace(".0%", "%"))
    assert "Version\n1" in page.text()
    assert len(page.tab.locator("dd code").inner_text()) == 32


def test_form_refuses_values_outside_dtype(page: Page) -> None:
    page.open(QUICKSTART)
    page.fill("mean radius", "wide")
    page.wait_for("“wide” is not a number.")
    assert page.field("mean radius").get_attribute("aria-invalid") == "true"
    assert page.named("Predict").is_disabled()
    page.fill("mean radius", "")
    page.wait_for("This value is needed.")
    page.fill("mean radius", "1e39")
    page.wait_for("Must be from")
    page.fill("mean radius", "1e3")
    expect(page.named("Predict")).to_be_enabled()


def test_button_predicts_where_changes_do_not(page: Page) -> None:
    page.open(QUICKSTART)
    page.tab.locator(".best").wait_for()
    page.click("Predict on every change")
    page.fill("mean concavity", "0.4")
    page.wait_for("The input has changed since")
    before = _shown(page)
    page.click("Predict")
    page.tab.wait_for_function("before => document.querySelector('.best').innerText !== before", arg=before)
    assert "The input has changed since" not in page.text()


def test_recorded_example_fills_form(page: Page) -> None:
    page.open(QUICKSTART)
    before = page.field("mean radius").input_value()
    page.click("Example 2")
    assert page.field("mean radius").input_value() != before


def test_json_body_shows_errors_in_place(page: Page) -> None:
    page.open(QUICKSTART)
    page.click("JSON")
    assert json.loads(page.field("Request body as JSON").input_value())["input"][0].keys() >= {"mean radius"}
    page.fill("Request body as JSON", '{"input": [1, 2')
    page.wait_for("Not JSON")
    assert page.named("Predict").is_disabled()
    page.fill("Request body as JSON", '{"input": [1, 2]}')
    page.wait_for("must have shape [any, 3]")
    page.expect_error("400")


def test_refused_request_offers_neither_retry_nor_explanation(page: Page) -> None:
    page.open(QUICKSTART)
    why, retry = page.named("Why this answer?"), page.named("Try again")
    expect(why).to_be_visible()
    page.click("JSON")
    page.fill("Request body as JSON", '{"input": [1, 2]}')
    page.wait_for("must have shape [any, 3]")
    expect(why).to_have_count(0)
    expect(retry).to_have_count(0)
    page.fill("Request body as JSON", '{"input": [[1, 2, 3]]}')
    expect(why).to_be_visible()
    page.expect_error("400")


def test_incomplete_input_offers_no_explanation(page: Page) -> None:
    page.open(QUICKSTART)
    why = page.named("Why this answer?")
    expect(why).to_be_visible()
    page.fill("mean radius", "")
    page.wait_for("Complete the input")
    expect(why).to_have_count(0)
    page.fill("mean radius", "12")
    expect(why).to_be_visible()


def test_answer_below_long_form_is_shown_at_edge_of_phone(context: BrowserContext, serve: Serve) -> None:
    page = Page(context.new_page(), serve(registry=EXAMPLES.parent / "sklearn"))
    page.open("#/models/logistic/try", width=390)
    edge, best = page.tab.locator(".peek"), page.tab.locator(".best").last
    expect(edge).to_be_in_viewport(ratio=1)
    before = best.inner_text()
    expect(edge).to_contain_text(before)
    page.field("mean radius, slider").press("End")
    expect(edge).not_to_contain_text(before)
    expect(edge).to_contain_text(best.inner_text())
    page.field("mean texture").fill("")
    expect(edge).to_contain_text("The input is incomplete.")
    assert page.findings() == []
    assert page.overflow() <= 0
    page.field("mean texture").fill("20")
    edge.press("Enter")
    expect(best).to_be_in_viewport(ratio=1)
    expect(page.tab.locator("#try-answer")).to_be_focused()
    expect(edge).to_have_count(0)
    page.tab.keyboard.press("Control+Home")
    expect(edge).to_be_visible()
    page.open("#/models/logistic/try")
    expect(best).to_be_in_viewport()
    expect(edge).to_be_hidden()


def test_focused_field_is_not_behind_edge_of_phone(context: BrowserContext, serve: Serve) -> None:
    page = Page(context.new_page(), serve(registry=EXAMPLES.parent / "sklearn"))
    page.open("#/models/logistic/try", width=390)
    page.tab.locator(".peek").wait_for()
    page.field("mean radius").focus()
    for _ in range(20):
        page.tab.keyboard.press("Tab")
        field = page.tab.locator(":focus").bounding_box()
        edge = page.tab.locator(".peek").bounding_box()
        assert field and edge
        assert field["y"] + field["height"] <= edge["y"]


def test_range_of_field_names_source(
    context: BrowserContext, serve: Serve, registries: Registries, tmp_path: Path
) -> None:
    content = report(numbers()) | {"baseline": {"features": [{"name": "mean radius", "min": 5.0, "max": 30.0}]}}
    with_report(registries.examples, tmp_path, model="quickstart", content=content)
    page = Page(context.new_page(), serve(registry=tmp_path))
    page.open(QUICKSTART)
    page.wait_for("report's data: 5 to 30")
    page.wait_for("recorded rows: ")


def test_lost_connection_is_survived(page: Page) -> None:
    page.open(QUICKSTART)
    page.tab.locator(".best").wait_for()
    page.tab.context.set_offline(True)
    page.fill("mean radius", "25")
    expect(page.tab.locator(".panel .failure")).to_contain_text("No answer: the server could not be reached.")
    page.tab.context.set_offline(False)
    page.click("Try again")
    page.tab.locator(".best").wait_for()
    page.errors.clear()


def test_link_reproduces_input(page: Page) -> None:
    page.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.open(QUICKSTART)
    page.fill("mean radius", "17.25")
    page.click("Copy a link")
    page.wait_for("Copied.")
    link = page.tab.evaluate("navigator.clipboard.readText()")
    page.open(link.removeprefix(page.address))
    expect(page.field("mean radius")).to_have_value("17.25")


@pytest.mark.parametrize("input", ["%%%", "bm90IGpzb24", "eyJyYXdzIjp7ImZlYXR1cmVzIjp7Im1lYW4gcmFkaXVzIjo3fX19"])
def test_malformed_link_shows_form(page: Page, input: str) -> None:
    page.open(f"{QUICKSTART}?input={input}")
    page.field("mean radius").wait_for()


def test_curl_request_has_answer_of_page(page: Page) -> None:
    page.open(QUICKSTART)
    page.fill("mean radius", "12.5")
    page.tab.locator("summary").first.click()
    command = page.tab.locator(".copyable pre").inner_text()
    done = subprocess.run(["bash", "-c", f"{command} -s"], capture_output=True, text=True, check=True, timeout=60)
    best, share = max(json.loads(done.stdout)["classes"][0].items(), key=lambda item: item[1])
    page.wait_for(f"{best}, {share:.1%}".replace(".0%", "%"))


def test_input_survives_change_of_tab(page: Page) -> None:
    page.open(QUICKSTART)
    page.fill("mean radius", "13.75")
    page.click("Versions")
    page.click("Try it")
    expect(page.field("mean radius")).to_have_value("13.75")


def test_chosen_version_answers_same_input(
    context: BrowserContext, serve: Serve, registries: Registries, tmp_path: Path
) -> None:
    shutil.copytree(registries.examples / "quickstart", tmp_path / "quickstart")
    registry = Registry(str(tmp_path))
    with registry.staging() as staged:
        shutil.copytree(tmp_path / "quickstart" / "1", staged, dirs_exist_ok=True)
        registry.publish("quickstart", Bundle.reopen(staged))
    page = Page(context.new_page(), serve(registry=tmp_path))
    page.open(QUICKSTART)
    page.fill("mean radius", "13.75")
    facts = page.tab.locator(".facts")
    expect(facts).to_contain_text("Version2")
    page.choose("Version", "version 1")
    expect(facts).to_contain_text("Version1")
    expect(page.field("mean radius")).to_have_value("13.75")
    assert page.tab.url.endswith("?version=1")
    page.tab.go_back()
    expect(facts).to_contain_text("Version2")


def test_code_and_link_hold_no_token(context: BrowserContext, serve: Serve) -> None:
    token = "a-token-of-a-test"
    page = Page(context.new_page(), serve(LIGHTSHIP_TOKEN=token))
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.open(QUICKSTART)
    page.fill("Token", token)
    page.click("Sign in", role="button")
    page.tab.locator(".best").wait_for()
    page.tab.locator("summary").first.click()
    for language in ("curl", "Python", "JavaScript"):
        page.click(language)
        code = page.tab.locator(".copyable pre").inner_text()
        assert "Bearer TOKEN" in code
        assert token not in code
    page.click("Copy a link")
    page.wait_for("Copied.")
    assert token not in page.tab.evaluate("navigator.clipboard.readText()")


def test_python_code_has_answer_of_page(page: Page) -> None:
    page.open(QUICKSTART)
    page.fill("mean radius", "12.5")
    page.tab.locator("summary").first.click()
    page.click("Python")
    code = page.tab.locator(".copyable pre").inner_text()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    best, share = max(literal_eval(done.stdout)["classes"][0].items(), key=lambda item: item[1])
    page.wait_for(f"{best}, {share:.1%}".replace(".0%", "%"))
