"""Application of the example "answers": routes and page."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.sync_api import expect, sync_playwright

from examples.answers.app import create_app
from examples.answers.index import Encoder, make, read_collection
from examples.answers.search import Search
from lightship.app.application import Application
from tests.app.asgi import Exchange, exchange
from tests.browser import BROWSER
from tests.cli.test_serve import running
from tests.examples.answers.conftest import REGISTRY


@pytest.fixture
def app(search: Search, folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    monkeypatch.setenv("LIGHTSHIP_REGISTRY", str(REGISTRY))
    monkeypatch.setenv("ANSWERS_INDEX", str(path))
    monkeypatch.setenv("ANSWERS_DOCUMENTS", str(folder))
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "predict")
    made = create_app()
    assert isinstance(made, Application)
    return made


async def ask(app: Application, body: bytes) -> Exchange:
    return await exchange(app, "POST", "/answers", body=[body])


def run(work: Any) -> Any:
    import asyncio

    return asyncio.run(work)


def test_route_answers_question_with_link_to_document(app: Application) -> None:
    app.check_fast_path()
    done = run(ask(app, b'{"question": "When does the motor need new oil?"}'))
    answer = orjson.loads(done.body)
    assert (done.status, answer["answered"], answer["model"]) == (200, True, "answers")
    source = answer["sources"][0]
    assert source["text"][source["start"] : source["end"]] == answer["answer"]
    document, _, fragment = source["link"].partition("#")
    page = run(exchange(app, "GET", f"/{document}"))
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer["answer"] in page.body.decode()
    assert fragment.startswith(":~:text=")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"question": 5}',
        b'{"question": " "}',
        b'{"question": "\\ud800"}',
        b"\xff",
        b'{"question": "' + b"a" * 2001 + b'"}',
    ],
)
def test_route_with_wrong_body_is_400(app: Application, body: bytes) -> None:
    done = run(ask(app, body))
    assert (done.status, done.code) == (400, "invalid_input")


@pytest.mark.parametrize("name", ["missing.md", "../index.npz", "%2e%2e/index.npz", "/etc/passwd"])
def test_route_of_unknown_document_is_404(app: Application, name: str) -> None:
    assert run(exchange(app, "GET", f"/answers/documents/{name}")).status == 404


def test_route_without_index_is_503_until_made(app: Application, path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    done = run(ask(app, b'{"question": "oil"}'))
    assert (done.status, done.code) == (503, "unavailable")
    path.write_bytes(content)
    assert run(ask(app, b'{"question": "oil"}')).status == 200


def test_route_after_documents_change_has_note_until_new_index(
    app: Application, folder: Path, path: Path, encoder: Encoder
) -> None:
    question = b'{"question": "Where do I keep cheese?"}'
    before = orjson.loads(run(ask(app, question)).body)
    (folder / "cheese.txt").write_text("Store the cheese in a cool cellar.")
    changed = orjson.loads(run(ask(app, question)).body)
    make(read_collection(folder), path, encoder=encoder)
    after = orjson.loads(run(ask(app, question)).body)
    assert [each["answered"] for each in (before, changed, after)] == [False, False, True]
    assert ["changed" in " ".join(each["notes"]) for each in (before, changed, after)] == [False, True, False]
    assert after["answer"] == "Store the cheese in a cool cellar."


def test_page_policy_allows_only_own_script(app: Application) -> None:
    first, second = (run(exchange(app, "GET", "/answers")) for _ in range(2))
    policy = first.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert policy != second.headers["content-security-policy"]
    assert b"NONCE" not in first.body


@pytest.fixture
def url(search: Search, folder: Path, path: Path) -> Iterator[str]:
    """Serve the application on a free port."""
    words = ("serve", "--app", "examples.answers.app:create_app", "--registry", str(REGISTRY))
    environment = {
        "ANSWERS_INDEX": str(path),
        "ANSWERS_DOCUMENTS": str(folder),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with running(*words, **environment) as (_, found):
        yield found


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_page_question_by_keyboard_shows_marked_answer(url: str, width: int, scheme: str) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which(BROWSER), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        errors: list[object] = []
        page.on("pageerror", lambda error: errors.append(error.message))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        page.goto(f"{url}/answers")
        page.keyboard.type("When does the motor need new oil?")  # the field has the focus
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_have_text("The diesel motor needs new oil after 200 hours.")
        expect(page.locator("article mark").first).to_have_text("The diesel motor needs new oil after 200 hours.")
        expect(page.locator("article").first).to_contain_text("<script>alert(1)</script>")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("input").fill("Who won the football world cup?")
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_have_text("I don't know.")
        with page.expect_navigation():
            page.locator("article a").first.click()
        assert page.locator("pre, body").first.inner_text()
        assert errors == []
        chromium.close()
