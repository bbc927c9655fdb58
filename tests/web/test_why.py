"""Explanations in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from lightship.compiler import CompileOptions, compile_model
from lightship.registry.registry import Registry
from tests.model_files import written_once
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = pytest.mark.browser

TOKENS = 16  # that the model of texts reads, with one before and one after the text


@pytest.fixture(scope="module")
def texts(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of a server of a model of texts."""
    folder = written_once("tests.compiler.declarations.text_models", "text", tmp_path_factory)
    location = tmp_path_factory.mktemp("texts")
    options = CompileOptions(config=folder / "model.yaml")
    compile_model(folder / "films.keras", registry=Registry(str(location)), options=options)
    return serve(registry=location)


@pytest.fixture
def tab(context: BrowserContext, texts: str) -> Page:
    return Page(context.new_page(), texts)


def _explain_text(page: Page, text: str) -> list[float]:
    """Explain a text, and return the contributions of its words as the table has them."""
    page.open("#/models/films/try")
    page.fill("text", text)
    page.click("Why this answer?")
    words = page.tab.locator(".words .word")
    expect(words).to_have_text(text.split())
    page.tab.locator(".words summary").click()
    cells = page.tab.locator(".words tbody td").all_inner_texts()
    return [float(cell.replace("\u2212", "-")) for cell in cells]


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
    painted = (
        "[...document.querySelector('.heat canvas').getContext('2d').getImageData(0, 0, 14, 14).data].some(Boolean)"
    )
    page.wait_until(painted)
    page.tab.locator(".heat summary").click()
    assert page.tab.locator("table.grid td").count() == 196
    assert page.findings() == []
    assert page.overflow() <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_explanation_of_text_colours_words_by_sign(tab: Page, scheme: str) -> None:
    tab.tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    values = _explain_text(tab, "good bad film")
    grounds = tab.tab.locator(".words .word").evaluate_all("found => found.map(each => each.style.background)")
    assert min(values) < 0 < max(values)
    for value, ground in zip(values, grounds, strict=True):
        assert ("--for" in ground, "--against" in ground) == (value > 0, value < 0)
    strengths = [int(found[1]) for ground in grounds if (found := re.search(r"(\d+)%", ground))]
    assert strengths.index(max(strengths)) == max(range(3), key=lambda index: abs(values[index]))
    assert tab.findings() == []
    assert tab.errors == []


def test_text_longer_than_model_reads_is_said_and_predicted(tab: Page) -> None:
    values = _explain_text(tab, "good bad " * (TOKENS // 2) + "film")
    tab.wait_for(f"words after about the first {TOKENS} have no effect")
    assert values[TOKENS - 2 :] == [0, 0, 0]
    assert any(values[: TOKENS - 2])
    tab.fill("text", "good bad " * (TOKENS // 2))
    tab.wait_for(f"words: {TOKENS}; the model reads about the first {TOKENS}")
    assert tab.errors == []
