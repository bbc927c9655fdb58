"""Chromium under Playwright: fresh tabs, which have no cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmarks import cores
from lightship.protocols.web.files import STATIC

if TYPE_CHECKING:  # the other parts run without Playwright
    from playwright.sync_api import Browser, CDPSession, Page

CHROMIUM = "chromium"
# The longest wait for the page; a slow download of LiteRT.js takes a few seconds.
_MILLISECONDS = 60_000


@dataclass(frozen=True)
class Condition:
    """Processor and network of a tab.

    Attributes:
        name: the name in the tables.
        slower: factor by which the page's processor is slowed down.
        network: latency of a request in milliseconds, bytes per second down and up; None for loopback alone.
    """

    name: str
    slower: int = 1
    network: tuple[float, float, float] | None = None


HERE = Condition("here")
# The developer tools' network "Fast 4G": 9 Mbit/s down, 1.5 up, times 0.9; 60 ms, times 2.75.
PHONE = Condition("4x CPU, Fast 4G", 4, (165, 9e6 / 8 * 0.9, 1.5e6 / 8 * 0.9))
CONDITIONS = (HERE, PHONE)


@dataclass(frozen=True)
class Tab:
    """A tab of its own, its debugging session, and the address of the server."""

    page: Page
    session: CDPSession
    address: str

    def open(self, fragment: str) -> None:
        """Navigate to a page of the application, such as ``#/models/digits``."""
        self.page.goto(self.address + fragment, wait_until="commit")


def missing() -> str | None:
    """Return in one sentence what these measurements lack, or None."""
    if find_spec("playwright") is None:
        return "the Python package playwright is not installed"
    if shutil.which(CHROMIUM) is None:
        return f"there is no {CHROMIUM} on the PATH"
    if not any((STATIC / name).exists() for name in ("index.html", "index.html.gz")):
        return "the page is not built: run `make web`"
    return None


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, which may use every core, and end it.

    Raises RuntimeError if it does not start, or if a page does not show what is measured.
    """
    from playwright.sync_api import Error, sync_playwright

    try:
        with ExitStack() as stack:
            with cores.every_core():
                playwright = stack.enter_context(sync_playwright())
                browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=["--no-sandbox"])
            stack.callback(browser.close)
            yield browser
    except Error as error:
        raise RuntimeError(f"{CHROMIUM} failed: {error.message}") from error


@contextmanager
def fresh_tab(browser: Browser, address: str, condition: Condition = HERE) -> Iterator[Tab]:
    """Yield a tab of a new browser context, which has stored nothing."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(_MILLISECONDS)
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        _slow_down(session, condition)
        yield Tab(page, session, address)
    finally:
        context.close()


def _slow_down(session: CDPSession, condition: Condition) -> None:
    session.send("Emulation.setCPUThrottlingRate", {"rate": condition.slower})
    if condition.network:
        latency, down, up = condition.network
        session.send("Network.enable")
        limits = {"offline": False, "latency": latency, "downloadThroughput": down, "uploadThroughput": up}
        session.send("Network.emulateNetworkConditions", limits)
