"""Sign-in on the page: a token in a field, an issuer's page, or a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.emulator import EXAMPLES
from tests.web.conftest import Serve, serving
from tests.web.issuer import Issuer, issuing
from tests.web.page import Page

pytestmark = pytest.mark.browser

TOKEN = "head.claims.signature"
STORED = "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)])"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing(TOKEN) as started:
        yield started


@pytest.fixture(scope="module")
def by_token(serve: Serve) -> str:
    return serve(LIGHTSHIP_TOKEN=TOKEN)


@pytest.fixture(scope="module")
def by_issuer(serve: Serve, issuer: Issuer) -> str:
    """Serve with the issuer's token, as API Gateway would accept it."""
    sign_in = {"LIGHTSHIP_SIGN_IN": "jwt", "LIGHTSHIP_SIGN_IN_ISSUER": issuer.url, "LIGHTSHIP_SIGN_IN_CLIENT": "page"}
    return serve(LIGHTSHIP_TOKEN=TOKEN, **sign_in)


def test_token_field_keeps_token_in_memory_only(context: BrowserContext, by_token: str) -> None:
    page = Page(context.new_page(), by_token)
    page.open(width=390)
    assert page.findings() == []
    assert page.overflow() <= 0
    page.fill("Token", TOKEN)
    page.click("Sign in")
    page.wait_for("quickstart")
    assert TOKEN not in page.tab.evaluate(STORED)
    assert TOKEN not in page.tab.url
    page.open()
    page.wait_for("The operator of this server")
    assert page.errors == []


def test_refused_token_asks_again_and_keeps_page(context: BrowserContext, by_token: str) -> None:
    page = Page(context.new_page(), by_token)
    page.open("#/models/digits")
    page.fill("Token", "wrong")
    page.click("Sign in")
    page.wait_for("Your sign-in has ended")
    page.expect_error("401")
    page.errors.clear()  # the page sends two requests at a time
    page.fill("Token", TOKEN)
    page.click("Sign in")
    page.wait_until("!document.querySelector('.sign-in')")
    assert page.tab.url.endswith("#/models/digits")


def test_expired_token_keeps_input_and_answers_after_next_sign_in(context: BrowserContext) -> None:
    """The server accepts another token from now on, as when the old one has expired."""
    with serving(EXAMPLES, LIGHTSHIP_TOKEN="first") as address:
        page = Page(context.new_page(), address)
        page.open("#/models/quickstart/try")
        page.fill("Token", "first")
        page.click("Sign in")
        page.tab.locator(".best").wait_for()
        assert page.errors == []
    with serving(EXAMPLES, "--port", address.rpartition(":")[2].strip("/"), LIGHTSHIP_TOKEN="second"):
        page.fill("mean radius", "25.5")
        page.wait_for("Your sign-in has ended")
        page.fill("Token", "second")
        page.click("Sign in")
        expect(page.field("mean radius")).to_have_value("25.5")
        expect(page.tab.locator(".best")).to_contain_text("malignant")
        expect(page.tab.locator(".panel .failure")).to_be_hidden()


def test_page_of_refused_token_loads_after_next_sign_in(context: BrowserContext, by_token: str) -> None:
    page = Page(context.new_page(), by_token)
    page.open("#/models")
    for token in ("wrong", TOKEN):
        page.fill("Token", token)
        page.click("Sign in")
        page.wait_for("Your sign-in has ended" if token == "wrong" else "quickstart")
    assert page.tab.locator(".failure").count() == 0


def test_issuer_signs_in_and_restores_page(context: BrowserContext, by_issuer: str, issuer: Issuer) -> None:
    page = Page(context.new_page(), by_issuer)
    addresses: list[str] = []
    page.tab.on("request", lambda request: addresses.append(request.url))
    page.open("#/models?search=quick")
    page.click("Sign in")
    page.wait_for("quickstart")
    assert page.tab.url == f"{by_issuer}#/models?search=quick"
    assert issuer.faults == []
    assert page.tab.evaluate("sessionStorage.length") == 0
    assert TOKEN not in page.tab.evaluate(STORED)
    assert [address for address in addresses if TOKEN in address] == []
    assert page.errors == []


def test_cancelled_sign_in_is_explained(context: BrowserContext, by_issuer: str, issuer: Issuer) -> None:
    page = Page(context.new_page(), by_issuer)
    page.open("#/models")
    issuer.refuses = True
    page.click("Sign in")
    page.wait_for("the user cancelled")
    issuer.refuses = False
    page.click("Sign in")
    page.wait_for("quickstart")
    assert page.errors == []


def test_code_of_foreign_sign_in_is_refused(context: BrowserContext, by_issuer: str) -> None:
    page = Page(context.new_page(), by_issuer)
    page.open("?code=stolen&state=forged#/models")
    page.wait_for("not started by this page")
    assert "stolen" not in page.tab.url
    assert page.errors == []


def test_iam_is_explained(context: BrowserContext, serve: Serve) -> None:
    page = Page(context.new_page(), serve(LIGHTSHIP_SIGN_IN="iam"))
    page.open()
    page.wait_for("Signature Version 4")
    assert page.findings() == []
