"""Write screenshots of every page to build/screenshots: `make screenshots`.

Each page is shown light and dark, wide and as on a phone, and in Chinese as on a phone, which needs fonts such as
Debian's fonts-noto-cjk.

``python -m tests.web.screenshots [NAME …]`` makes those of some pages only. Those of ``PUBLISHED`` are also written to
docs/images.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import httpx
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from lightship.registry.registry import Registry
from tests import stacks
from tests.browser import BROWSER
from tests.bundles import republish
from tests.emulator import EXAMPLES, ROOT
from tests.evaluation.report import reports
from tests.evaluation.report.published import with_report
from tests.local.test_stack import wait_for
from tests.web.conftest import OPTIONS, serving
from tests.web.files import COLUMNS, FilesPage, written
from tests.web.stack import delay, resources

FOLDER = ROOT / "build" / "screenshots"
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
CHINESE = "zh-CN"


class View(NamedTuple):
    """How a page is shown."""

    width: int
    scheme: str
    locale: str = "en-GB"

    def __str__(self) -> str:
        language = "-zh" if self.locale == CHINESE else ""
        return f"{self.width}-{self.scheme}{language}"


VIEWS = (*(View(*each) for each in product(WIDTHS, SCHEMES)), View(390, "light", CHINESE))

# The pictures of README.md and of the examples' pages, below docs/images.
PUBLISHED = {
    "why-table": "web.webp",
    "try-logistic": "examples/logistic.webp",
    "try-expenses": "examples/expenses.webp",
    "example-digits": "examples/digits.webp",
    "example-photos": "examples/photos.webp",
}
_TALLEST = 1200  # pixels of a published picture

_TRANSFORMED = EXAMPLES.parent / "transformed" / "expenses"
_LINEAR = EXAMPLES.parent / "sklearn" / "logistic"
_PHOTOS = EXAMPLES.parent / "applications" / "photos"


@dataclass(frozen=True)
class Shot:
    """A page to show.

    Attributes:
        server: the name of the server that shows it.
        fragment: its address.
        ready: a selector of what must be seen.
        act: what is done before, such as a click.
        settled: whether the page's requests end.
    """

    server: str
    fragment: str = ""
    ready: str = "h1"
    act: Callable[[FilesPage], None] = lambda page: None
    settled: bool = True


def _explain(page: FilesPage) -> None:
    page.tab.locator(".why h3 button").click()


def _draw(page: FilesPage) -> None:
    """Draw a seven, and explain its answer."""
    page.draw([(0.3, 0.17), (0.7, 0.17), (0.48, 0.85)])
    page.tab.locator(".best", has_text="7").wait_for()
    _explain(page)


def _choose_cell(page: FilesPage) -> None:
    """Choose a drawn solar cell and explain it, without photographs of the data."""
    page.tab.locator(".examples").evaluate("node => node.style.visibility = 'hidden'")
    page.tab.set_input_files("input[type=file]", "examples/photos/cell.png")
    page.tab.locator(".best", has_text="defective").wait_for()
    _explain(page)


def _show_code(page: FilesPage) -> None:
    page.tab.locator(".request summary").click()


def _write_wrong_json(page: FilesPage) -> None:
    page.click("JSON")
    page.tab.locator("#body-json").fill('{"input": [1, 2]}')


def _predict_here(page: FilesPage) -> None:
    page.tab.locator(".send button").click()
    page.tab.locator(".latency").nth(1).wait_for()


def _keep(page: FilesPage) -> None:
    """Store a model, and wait until it can be removed."""
    section = page.tab.locator("[aria-labelledby=device-offline]")
    section.locator("button.primary").click()
    section.locator("button:not(.primary)").wait_for()


def _lose_network(page: FilesPage) -> None:
    """Store a model, and open the page again without a network."""
    _keep(page)
    page.tab.context.set_offline(True)
    page.tab.goto("about:blank")
    page.tab.goto(page.address)
    page.tab.locator("table.stored").wait_for()


def _predict_without_network(page: FilesPage) -> None:
    _lose_network(page)
    page.tab.locator("table.stored a").click()
    page.tab.locator(".send button").click()


def _choose_file(page: FilesPage) -> None:
    content = f"{COLUMNS},note\n13.5,14.3,0.06,{'x' * 8_000_000}\n".encode()
    file = {"name": "patients-2026.csv", "mimeType": "text/csv", "buffer": content}
    page.tab.set_input_files("input[type=file]", file)  # type: ignore[arg-type]
    page.tab.locator(".options summary").click()


def _upload_slowly(page: FilesPage) -> None:
    _choose_file(page)
    session = page.tab.context.new_cdp_session(page.tab)
    speeds = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}
    session.send("Network.emulateNetworkConditions", speeds)
    page.tab.locator("form button.primary").click()


def _open_job(name: str) -> Callable[[FilesPage], None]:
    """Return what shows the job of a file."""
    return lambda page: page.tab.get_by_role("link", name=name).click()


def _disconnect(page: FilesPage) -> None:
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
    "example-digits": Shot("examples", "#/models/digits/try", "#why canvas", _draw),
    "example-photos": Shot("examples", "#/models/photos/try", "#why canvas", _choose_cell),
    "report": Shot("examples", "#/models/digits/report?version=1"),
    "report-card": Shot("examples", "#/models/quickstart/report"),
    "device": Shot("examples", "#/models/quickstart/device", ".device"),
    "device-answers": Shot("examples", "#/models/digits/device", ".sides", _predict_here),
    "device-none": Shot("examples", "#/models/expenses/device", ".empty"),
    "device-stored": Shot("examples", "#/models/digits/device", act=_keep),
    "offline": Shot("examples", "#/models/digits/device", "table.stored", _lose_network),
    "offline-answer": Shot("examples", "#/models/digits/device", ".latency", _predict_without_network),
    "files": Shot("stack", "#/jobs", ".scrolled"),
    "files-chosen": Shot("stack", "#/jobs", ".chosen", _choose_file),
    "files-upload": Shot("stack", "#/jobs", ".sent", _upload_slowly, settled=False),
    "job-running": Shot("stack", "#/jobs", "progress", _open_job("running.csv")),
    "job-done": Shot("stack", "#/jobs", "[aria-labelledby=result] .values", _open_job("patients.csv")),
    "job-failed": Shot("stack", "#/jobs", "p.failure", _open_job("other.csv")),
    "job-unknown": Shot("stack", "#/jobs/00000000000000000000000000000000", ".failure"),
    "versions": Shot("examples", "#/models/digits/operate"),
    "versions-admin": Shot("admin", "#/models/digits/operate"),
    "error-unknown": Shot("examples", "#/models/nothing", ".failure"),
    "error-json": Shot("examples", "#/models/quickstart/try", ".failure", _write_wrong_json),
    "error-connection": Shot("examples", "#/models/quickstart/try", ".panel .failure", _disconnect),
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
            if name in PUBLISHED:
                _publish(FOLDER / f"{name}-{VIEWS[0]}.png", ROOT / "docs" / "images" / PUBLISHED[name])
        browser.close()


def _publish(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as image:
        image.crop((0, 0, image.width, min(image.height, _TALLEST))).save(target, quality=80, method=6)


def take(browser: Browser, address: str, name: str, shot: Shot, folder: Path) -> Iterator[Path]:
    """Write the pictures of a page, and yield their paths."""
    for view in VIEWS:
        context = browser.new_context(locale=view.locale, reduced_motion="reduce")
        page = FilesPage(context.new_page(), address)
        page.open(shot.fragment, width=view.width, scheme=view.scheme)
        shot.act(page)
        page.tab.locator(shot.ready).first.wait_for()
        if shot.settled:
            page.tab.wait_for_load_state("networkidle")
        path = folder / f"{name}-{view}.png"
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
            if name not in addresses and name == "stack":
                addresses[name] = stack.enter_context(_stack(examples, folder))
            elif name not in addresses:
                registry, settings = _server(name, examples, folder)
                addresses[name] = stack.enter_context(serving(registry, **settings))
            return addresses[name]

        yield start


@contextmanager
def _stack(examples: Path, folder: Path) -> Iterator[str]:
    """Run `lightship up` with jobs in three states; yield its address."""
    words = ("--registry", str(examples), "--default", "quickstart", "--aws-port", "0", "--transforms", "euros")
    with (
        stacks.up(folder, *words, LIGHTSHIP_TRANSFORMS_FOLDER=str(ROOT / "transforms")) as (_, url),
        resources(folder) as cloud,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        rows = [f"{7 + row % 21}.5,{10 + row % 29},0.{row % 4}" for row in range(5_000)]
        (folder / "other.csv").write_text("radius,texture\n13.5,14.3\n")
        for path in (written(folder / "patients.csv", "13.5,unknown,0.1", *rows), folder / "other.csv"):
            job = _start(client, path)
            wait_for(lambda job=job: client.get(f"/jobs/{job}").json()["state"] in {"done", "failed"})
        delay(cloud, 900)
        job = _start(client, written(folder / "running.csv", *rows))
        wait_for(lambda: client.get(f"/jobs/{job}").json()["state"] == "running")
        yield f"{url.rstrip('/')}/"


def _start(client: httpx.Client, path: Path) -> str:
    """Upload a file and return the id of its job."""
    place = client.post("/jobs", json={"upload": {"name": path.name}}).json()
    httpx.put(place["url"], content=path.read_bytes()).raise_for_status()
    body = {"model": "quickstart", "key": place["key"], "options": {"single": True}}
    return str(client.post("/jobs", json=body).json()["id"])


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
    for path in (EXAMPLES / "quickstart", _TRANSFORMED, _LINEAR, _PHOTOS):
        shutil.copytree(path, folder / path.name)
    return folder


def _failed(folder: Path) -> Path:
    """Make a registry with a model that cannot be loaded."""
    shutil.copytree(EXAMPLES / "quickstart", folder / "quickstart")
    (folder / "quickstart" / "1" / "manifest.json").write_text("{")
    return folder


if __name__ == "__main__":
    main(sys.argv[1:])
