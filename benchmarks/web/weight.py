"""Bytes that pages transfer on a cold cache, by file.

Chromium counts them: compressed, with the heads of responses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.table import Row, Table, shown
from benchmarks.web.browser import Tab, fresh_tab
from benchmarks.web.pages import Shown, load

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The hash of the content in the names of built files.
_HASH = re.compile(r"-[\w-]{8}(?=\.\w+$)")

Files = dict[str, int]


@contextmanager
def transfers(tab: Tab) -> Iterator[Files]:
    """Yield the bytes of each file that a tab receives from now on."""
    names: dict[str, str] = {}
    found: Files = {}

    def requested(event: Mapping[str, Any]) -> None:
        if event["request"]["url"].startswith(tab.address):
            names[event["requestId"]] = name_of(event["request"]["url"], tab.address)

    def finished(event: Mapping[str, Any]) -> None:
        if name := names.pop(event["requestId"], None):
            found[name] = found.get(name, 0) + int(event["encodedDataLength"])

    tab.session.send("Network.enable")  # not before, because it makes requests slower
    tab.session.on("Network.requestWillBeSent", requested)
    tab.session.on("Network.loadingFinished", finished)
    try:
        yield found
    finally:
        tab.session.remove_listener("Network.requestWillBeSent", requested)
        tab.session.remove_listener("Network.loadingFinished", finished)


def name_of(url: str, address: str) -> str:
    """Return a file's path on the server, without query and hash of the content."""
    path = url.removeprefix(address).partition("?")[0]
    return _HASH.sub("", path) or "index.html"


def first_load(browser: Browser, address: str, page: Shown) -> Files:
    """Return the bytes until a page is complete and idle."""
    with fresh_tab(browser, address) as tab, transfers(tab) as files:
        load(tab, page)
        tab.page.wait_for_load_state("networkidle")
        return dict(files)


def of_charts(browser: Browser, address: str) -> Files:
    """Return the bytes that the first chart of a report adds to the page.

    The server at this address must have a report of the quickstart.
    """
    with fresh_tab(browser, address) as tab, transfers(tab) as files:
        tab.open("#/models/quickstart/report")
        tab.page.locator(".uplot").first.wait_for()
        tab.page.wait_for_load_state("networkidle")
        return {name: size for name, size in files.items() if "uPlot" in name}


def tables(part: Mapping[str, Any]) -> list[Table]:
    """Return the tables of the first load and of what is loaded later."""
    pages = part["weight"]["pages"]
    names = list(dict.fromkeys(name for files in pages.values() for name in files))
    rows = [(name, *(_shown(files.get(name)) for files in pages.values())) for name in names]
    total = ("before charts and LiteRT.js", *(_shown(sum(files.values())) for files in pages.values()))
    later = part["weight"]["later"]
    return [
        Table("Page weight: first load, cold cache, compressed", ("", *pages), (*rows, total)),
        Table("Page weight: loaded later", ("", "file", "transferred"), tuple(_later(later))),
    ]


def _later(groups: Mapping[str, Files]) -> Iterator[Row]:
    for group, files in groups.items():
        for number, (name, size) in enumerate(files.items()):
            yield (group if number == 0 else "", name, _shown(size))


def _shown(size: int | None) -> str:
    return "" if size is None else shown(size / 1000, "kB")
