"""Forms of all kinds of inputs in Chromium."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from lightship import inputs
from lightship.bundle import Bundle, write_manifest
from tests.bundles import Registries
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = pytest.mark.browser

MODELS = ["pair", "modes", "scorer", "counts", "flags", "homes", "half_plus_two", "table", "wide", "roots", "words"]


@pytest.fixture(scope="module")
def small(serve: Serve, registries: Registries) -> str:
    """Return the address of a server of the small bundles."""
    return serve(registry=registries.small)


@pytest.fixture
def tab(context: BrowserContext, small: str) -> Page:
    return Page(context.new_page(), small)


def _sent(page: Page, model: str) -> Any:
    """Open a model and return the answer to the request that the form sent."""
    with page.tab.expect_response(lambda response: response.url.endswith(f"/models/{model}/predict")) as answer:
        page.open(f"#/models/{model}/try")
    assert answer.value.status == 200, answer.value.text()
    return answer.value.json()["predictions"]


@pytest.mark.parametrize("model", MODELS)
def test_form_sends_recorded_row(tab: Page, model: str) -> None:
    shown = _sent(tab, model)
    example = tab.tab.request.get(f"{tab.address}models/{model}/form").json()["examples"][0]
    expected = tab.tab.request.post(f"{tab.address}models/{model}/predict", data={"input": [example]})
    assert shown == expected.json()["predictions"]
    tab.tab.locator(".output").first.wait_for()
    assert tab.overflow() <= 0
    assert tab.errors == []


def test_answer_of_several_outputs_shows_names(tab: Page) -> None:
    _sent(tab, "pair")
    tab.wait_for("sum")
    tab.wait_for("product")
    assert tab.findings() == []


def test_optional_input_may_be_empty(tab: Page) -> None:
    _sent(tab, "homes")
    with tab.tab.expect_request(lambda request: "/predict" in request.url) as request:
        tab.fill("area", "")
    assert json.loads(request.value.post_data or "") == {"input": [{"garden": True}]}


def test_integer_is_whole_and_in_range(tab: Page) -> None:
    _sent(tab, "counts")
    tab.fill("n_0", "1.5")
    tab.wait_for("Must be a whole number.")
    tab.fill("n_0", "3000000000")
    tab.wait_for("Must be from -2,147,483,648 to 2,147,483,647.")


def test_boolean_is_chosen_from_list(tab: Page) -> None:
    _sent(tab, "flags")
    with tab.tab.expect_response(lambda response: "/predict" in response.url) as answer:
        tab.choose("f_0", "no")
    assert answer.value.json()["predictions"] == [[True, True]]


def test_text_is_answered_by_texts(tab: Page) -> None:
    _sent(tab, "words")
    tab.fill("word", "grüße 船")
    tab.wait_for("GR")
    tab.fill("word", "")
    tab.wait_for("words: 0")
    assert tab.errors == []


def _typed(registry: Path, folder: Path) -> None:
    """Copy a model, and make its two numbers a category and a year."""
    shutil.copytree(registry / "roots", folder / "roots")
    path = folder / "roots" / "1"
    manifest = Bundle.reopen(path).manifest
    (signature,) = manifest.signatures
    city = {"name": "city", "type": "category", "values": ["1", "Rome", "北京"]}
    columns = [city, {"name": "joined", "type": "date", "features": ["year"]}]
    (spec,) = signature.inputs
    kind = inputs.configure(spec, "tabular", {"columns": columns})
    typed = signature._replace(inputs=(replace(spec, kind=kind),))
    write_manifest(path, manifest._replace(signatures=(typed,)))


def test_category_and_date_are_sent_as_typed_values(
    context: BrowserContext, serve: Serve, registries: Registries, tmp_path: Path
) -> None:
    _typed(registries.small, tmp_path)
    page = Page(context.new_page(), serve(registry=tmp_path))
    page.open("#/models/roots/try")
    page.choose("city", "北京")
    page.fill("joined", "2025-06-30")
    answer = page.tab.locator(".list tbody")
    expect(answer).to_have_text("01.41421145")
    page.choose("city", "1")
    expect(answer).to_have_text("00145")
    assert page.findings() == []
    assert page.errors == []


def test_large_output_is_summarised(tab: Page) -> None:
    _sent(tab, "wide")
    tab.wait_for("100000 numbers from 1 to 1, mean 1")


def test_unexplainable_model_shows_reason(tab: Page) -> None:
    _sent(tab, "counts")
    tab.wait_for("cannot be explained")
