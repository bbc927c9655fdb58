"""Reports in a browser: nothing is cut off, blocked or requested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from tests.browser import Tab, browser
from tests.bundles import Registries
from tests.evaluation.report.published import with_report
from tests.evaluation.report.reports import MEASUREMENTS, PIXEL, classes, labels, numbers, report
from tests.serve import Answers

pytestmark = pytest.mark.browser

# Elements beyond the right edge of the window that no ancestor scrolls.
_BEYOND = """[...document.querySelectorAll('body *')].filter(each => !each.closest('.scroll, svg, details')
  && each.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(each => each.outerHTML)"""
_SMALL_TEXT = """[...document.querySelectorAll('svg text')].map(each => each.getBoundingClientRect().height)
  .filter(height => height > 0 && height < 8).length"""
_OPEN = "document.querySelectorAll('details').forEach(each => { each.open = true })"


def _images() -> dict[str, Any]:
    content = report(classes([f"class {number}" for number in range(10)]))
    image = f"data:image/png;base64,{PIXEL}"
    content["evaluation"]["worst"] = [
        {"row": row, "target": "7", "predicted": "1", "loss": 2.5, "image": image} for row in range(9)
    ]
    return content


CONTENTS = {"pair": report(classes(["no", "yes"])), "modes": _images(), "roots": report(labels(), numbers())}


@pytest.fixture(scope="module")
def address(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve models with reports, and yield the address."""
    folder = tmp_path_factory.mktemp("models")
    for model, content in CONTENTS.items():
        with_report(registries.small, folder, model=model, content=content, measurements=MEASUREMENTS)
    with _served(Answers(Registry(str(folder)))) as address:
        yield address


@contextmanager
def _served(answers: Answers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            response = answers.answer(Request("GET", self.path, headers={"accept": "text/html"}, caller="me"))
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, format: str, *values: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield Tab(opened)


@pytest.mark.parametrize("model", CONTENTS)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_in_browser_is_whole(tab: Tab, address: str, model: str, width: int, scheme: str) -> None:
    page = f"{address}/models/{model}/report"
    tab.show(page, width=width, scheme=scheme)
    assert tab.errors == []
    assert tab.requests == [page]
    assert tab.evaluate("document.querySelectorAll('svg').length") >= 4
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(_BEYOND) == []
    assert tab.evaluate(_SMALL_TEXT) == 0
    tab.evaluate(_OPEN)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 24, 28)")


def test_report_in_browser_runs_no_script(tab: Tab, address: str) -> None:
    tab.show(f"{address}/models/pair/report")
    assert tab.evaluate("document.scripts.length") == 0
    tab.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    assert tab.evaluate("window.ran") is None
    assert any("Content Security Policy" in error for error in tab.errors)


def test_report_prints_on_white_paper(tab: Tab, address: str) -> None:
    tab.show(f"{address}/models/pair/report", scheme="dark", media="print")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert tab.print().startswith(b"%PDF")


def test_report_file_opens_without_server(tab: Tab, registries: Registries, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from lightship.cli import lightship

    registry = with_report(registries.small, tmp_path / "models", content=CONTENTS["pair"])
    output = tmp_path / "report.html"
    words = ["report", "pair", "--registry", str(registry), "--output", str(output)]
    assert CliRunner().invoke(lightship, words).exit_code == 0
    tab.show(output.as_uri())
    assert tab.errors == []
    assert tab.requests == [output.as_uri()]
