"""Models on the device without WebAssembly: the page says why and uses the server."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.web.page import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(context: BrowserContext, address: str) -> Page:
    """Return the page of the examples; these tests cause errors."""
    return Page(context.new_page(), address)


def _predict(page: Page) -> None:
    page.open("#/models/quickstart/device")
    page.click("Predict in both places")


def _expect_server(page: Page, reason: str) -> None:
    """Wait until the device has a reason, and the server an answer."""
    expect(page.tab.get_by_role("region", name="On this device")).to_contain_text(reason)
    server = page.tab.get_by_role("region", name="On the server")
    expect(server.locator(".best")).to_be_visible()
    assert page.findings() == []


def test_browser_without_wasm_predicts_on_server(tab: Page) -> None:
    tab.tab.add_init_script("delete globalThis.WebAssembly")
    _predict(tab)
    _expect_server(tab, "This browser has no WebAssembly")
    assert tab.errors == []


def test_policy_without_wasm_predicts_on_server(tab: Page) -> None:
    def forbid(route: Route) -> None:
        answer = route.fetch()
        policy = answer.headers["content-security-policy"].replace("'wasm-unsafe-eval'", "")
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    tab.tab.route(tab.address, forbid)
    _predict(tab)
    _expect_server(tab, "This browser has no WebAssembly, or this page may not use it.")


@pytest.mark.parametrize("file", ["litert_wasm*.js", "litert_wasm*.wasm", "dist-*.js"])
def test_library_after_failed_download_is_loaded_again(tab: Page, file: str) -> None:
    tab.tab.route(f"**/app/{file}", lambda route: route.abort("connectionfailed"))
    _predict(tab)
    _expect_server(tab, "could not be loaded")
    assert "[object" not in tab.text()
    tab.tab.unroute(f"**/app/{file}")
    tab.click("Predict in both places")
    tab.wait_for("The answers differ by at most")


def test_damaged_library_is_named_and_predicts_on_server(tab: Page) -> None:
    tab.tab.route("**/app/*.wasm", lambda route: route.fulfill(body=b"not wasm", content_type="application/wasm"))
    _predict(tab)
    _expect_server(tab, "could not be loaded")
