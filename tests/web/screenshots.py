"""Write screenshots of every page to build/screenshots: `make screenshots`.

Each page is shown light and dark, wide and as on a phone.

``python -m tests.web.screenshots [NAME …]`` makes those of some pages only. LANGUAGE=zh shows the page in Chinese.
"why-table" also writes the picture of README.md, docs/images/web.webp.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from lightship.registry.registry import Registry
from tests.browser import BROWSER
from tests.bundles import republish
from tests.emulator import EXAMPLES, ROOT
from tests.evaluation.report import reports
from tests.evaluation.report.published import with_report
from tests.web.conftest import OPTIONS, serving
from tests.web.page import Page

FOLDER = ROOT / "build" / "screenshots"
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")

# The picture of README.md.
SHOWN = "why-table"
PUBLISHED = ROOT / "docs" / "images" / "web.webp"

_TRANSFORMED = EXAMPLES.parent / "transformed" / "expenses"
_LINEAR = EXAMPLES.parent / "sklearn" / "logistic"


@dataclass(frozen=True)
class Shot:
    """A page to show.

    Attributes:
        server: the name of the server that shows it.
        fragment: its address.
        ready: a selector of what must be seen.
        act: what is done before, such as a click.
    """

    server: str
    fragment: str = ""
    ready: str = "h1"
    act: Callable[[Page], None] = lambda page: None


def _explain(page: Page) -> None:
    page.tab.locator(".why h3 button").click()


def _show_code(page: Page) -> None:
    page.tab.locator(".request summary").click()


def _write_wrong_json(page: Page) -> None:
    page.click("JSON")
    page.tab.locator("#body-json").fill('{"input": [1, 2]}')


def _disconnect(page: Page) -> None:
    page.tab.locator(".best").wait_for()
    page.tab.context.set_offline(True)
    page.fill("mean radius", "25")


PAGES = {
    "models": Shot("examples", ready=".card"),
    "try-quickstart": Shot("examples", "#/models/quickstart/try", ".best"),
    "try-digits": Shot("examples", "#/models/digits/try", ".best"),
    "try-expenses": Shot("examples", "#/models/expenses/try", ".panel .facts"),
    "try-logistic": Shot("examples", "#/models/logistic/try", ".panel .facts"),
    "try-code": Shot("examples", "#/models/quickstart/try", ".request pre", _show_code),
    "why-table": Shot("examples", "#/models/quickstart/try", ".contributions", _explain),
    "why-image": Shot("examples", "#/models/digits/try", "#why canvas, #why table", _explain),
    "report": Shot("examples", "#/models/digits/report?version=1"),
    "report-card": Shot("examples", "#/models/quickstart/report"),
    "device": Shot("examples", "#/models/quickstart/device"),
    "versions": Shot("examples", "#/models/digits/operate"),
    "versions-admin": Shot("admin", "#/models/digits/operate"),
    "error-unknown": Shot("examples", "#/models/nothing", ".failure"),
    "error-json": Shot("examples", "#/models/quickstart/try", ".failure", _write_wrong_json),
    "error-connection": Shot("examples", "#/models/quickstart/try", ".connection", _disconnect),
    "failed": Shot("failed", "#/models/quickstart/try", ".failure"),
    "failed-models": Shot("failed", ready=".card"),
    "sign-in": Shot("token", ready=".sign-in"),
    "empty": Shot("empty", ready=".first"),
    "not-built": Shot("unbuilt"),
}


def main(names: Sequence[str]) -> None:
    """Write the pictures of these names, or all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with servers() as start, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(BROWSER), args=OPTIONS)
        for name in names or PAGES:
            shot = PAGES[name]
            for path in take(browser, start(shot.server), name, shot, FOLDER):
                print(path.relative_to(ROOT))
        if not _chinese() and (not names or SHOWN in names):
            _show(FOLDER / f"{SHOWN}-1280-light.png")
        browser.close()


def _show(path: Path) -> None:
    PUBLISHED.parent.mkdir(exist_ok=True)
    with Image.open(path) as image:
        image.save(PUBLISHED, quality=80, method=6)


def take(browser: Browser, address: str, name: str, shot: Shot, folder: Path) -> Iterator[Path]:
    """Write the pictures of a page, and yield their paths."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            context = browser.new_context(locale="zh-CN" if _chinese() else "en-GB", reduced_motion="reduce")
            page = Page(context.new_page(), address)
            page.open(shot.fragment, width=width, scheme=scheme)
            shot.act(page)
            page.tab.locator(shot.ready).first.wait_for()
            page.tab.wait_for_load_state("networkidle")
            path = folder / f"{name}-{width}-{scheme}.png"
            page.screenshot(path)
            context.close()
            yield path


@contextmanager
def servers() -> Iterator[Callable[[str], str]]:
    """Yield a function that returns the address of a server, which it starts once."""
    addresses: dict[str, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        examples = _registry(folder / "examples")

        def start(name: str) -> str:
            if name not in addresses:
                registry, settings = _server(name, examples, folder)
                addresses[name] = stack.enter_context(serving(registry, **settings))
            return addresses[name]

        yield start


def _server(name: str, examples: Path, folder: Path) -> tuple[Path, dict[str, str]]:
    """Return the registry and the settings of a server."""
    common = {"LIGHTSHIP_DEFAULT_MODEL": "quickstart", "LIGHTSHIP_TRANSFORMS": "euros"}
    match name:
        case "admin":
            return examples, {**common, "LIGHTSHIP_ALLOW_ADMIN": "1"}
        case "token":
            return examples, {**common, "LIGHTSHIP_TOKEN": "a-token-of-the-screenshots"}
        case "empty":
            (folder / "empty").mkdir()
            return folder / "empty", {}
        case "failed":
            return _failed(folder / "failed"), {}
        case "unbuilt":
            source = folder / "unbuilt"
            shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("static", "__pycache__"))
            return examples, {**common, "PYTHONPATH": str(source)}
    return examples, common


def _registry(folder: Path) -> Path:
    """Make a registry of the examples, where digits has two versions and a report."""
    content = reports.report(reports.classes([str(digit) for digit in range(10)]))
    with_report(EXAMPLES, folder, model="digits", content=content)
    republish(Registry(str(folder)), EXAMPLES / "digits" / "1", "digits")
    for path in (EXAMPLES / "quickstart", _TRANSFORMED, _LINEAR):
        shutil.copytree(path, folder / path.name)
    return folder


def _failed(folder: Path) -> Path:
    """Make a registry with a model that cannot be loaded."""
    shutil.copytree(EXAMPLES / "quickstart", folder / "quickstart")
    (folder / "quickstart" / "1" / "manifest.json").write_text("{")
    return folder


def _chinese() -> bool:
    return os.environ.get("LANGUAGE") == "zh"


if __name__ == "__main__":
    main(sys.argv[1:])
