"""The page in Chromium: a built page, a server, and a tab with both."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from lightship.protocols.web.files import STATIC
from tests import stacks
from tests.browser import BROWSER
from tests.bundles import Registries
from tests.emulator import EXAMPLES, ROOT
from tests.model_files import written_once
from tests.web.files import FilesPage
from tests.web.page import Page

# Chromium's own camera, which shows a moving picture.
OPTIONS = ("--no-sandbox", "--use-fake-device-for-media-stream")

Serve = Callable[..., str]


@pytest.fixture(scope="session")
def built() -> Path:
    """Return the folder of the built page."""
    assert (STATIC / "index.html").exists() or (STATIC / "index.html.gz").exists(), "not built: run `make web`"
    return STATIC


@pytest.fixture(scope="session")
def device_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a registry of models that browsers run."""
    return written_once("tests.web.device_models", "device-models", tmp_path_factory)


@pytest.fixture(scope="session")
def program_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a registry of models whose inputs a preprocessing program makes."""
    return written_once("tests.web.program_models", "program-models", tmp_path_factory)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Chromium.

    Once per file and not per session: Playwright's event loop runs as long as it does, and other tests of the same
    process could start none.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(BROWSER), args=OPTIONS)
        yield browser
        browser.close()


@contextmanager
def serving(registry: Path, *words: str, **settings: str) -> Iterator[str]:
    """Run `lightship serve` on a free port, and yield its address."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTSHIP_")}
    environment = {**clean, "PYTHONPATH": str(ROOT / "src"), "LIGHTSHIP_REGISTRY": str(registry), **settings}
    command = [sys.executable, "-u", "-m", "lightship", "serve", "--port", "0", *words]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(r"http://[^ ]*:\d+", line) for line in process.stdout)))
            yield f"{found[0]}/"
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def serve(built: Path) -> Iterator[Serve]:
    """Return a function that starts a server and returns its address.

    Its keywords are settings. It serves the examples; ``registry`` replaces them. The servers end with the tests of
    the file.
    """
    with ExitStack() as stack:

        def start(*words: str, registry: Path = EXAMPLES, **settings: str) -> str:
            default = {"LIGHTSHIP_DEFAULT_MODEL": "quickstart"} if registry == EXAMPLES else {}
            return stack.enter_context(serving(registry, *words, **{**default, **settings}))

        yield start


@pytest.fixture(scope="module")
def address(serve: Serve) -> str:
    """Return the address of a server of the examples, without a token."""
    return serve()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the stack runs."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def stack(built: Path, registries: Registries, project: Path) -> Iterator[str]:
    """Run the stack of ``lightship up`` with the examples; yield its address."""
    words = ("--default", "quickstart", "--registry", str(registries.examples))
    with stacks.up(project, *words) as (_, url):
        yield f"{url.rstrip('/')}/"


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """Yield a browser context: English, light, 1280 pixels wide, a camera."""
    made = chromium.new_context(
        locale="en-GB", color_scheme="light", viewport={"width": 1280, "height": 900}, permissions=["camera"]
    )
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """Yield the page of the examples; an unexpected error fails the test."""
    made = Page(context.new_page(), address)
    yield made
    assert made.errors == []


@pytest.fixture
def files(context: BrowserContext, stack: str) -> Iterator[FilesPage]:
    """Yield the page Files of the stack; an unexpected error fails the test."""
    made = FilesPage(context.new_page(), stack)
    yield made
    assert made.errors == []
