"""Files that are scored in Chromium, with the whole stack of ``lightship up``."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.bundles import Registries
from tests.cli.test_serve import running
from tests.web.conftest import Serve
from tests.web.page import Page

pytestmark = [pytest.mark.browser, pytest.mark.alone]  # writes .lightship.env

ROWS = 50_000
# Milliseconds: a job starts the worker processes of two functions.
SLOW = 120_000


@pytest.fixture(scope="module")
def stack(built: Path, registries: Registries) -> Iterator[str]:
    """Run the stack with the examples; yield its address."""
    words = ("up", "--default", "quickstart", "--registry", str(registries.examples))
    with running(*words) as (_, url):
        yield f"{url.rstrip('/')}/"


@pytest.fixture
def page(context: BrowserContext, stack: str) -> Iterator[Page]:
    """Yield the page of the stack; an unexpected error fails the test."""
    made = Page(context.new_page(), stack)
    yield made
    assert made.errors == []


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a CSV file of 50,000 rows, of which the second is wrong."""
    rng = random.Random(0)
    lines = [f"{rng.uniform(7, 28):.3f},{rng.uniform(9, 39):.3f},{rng.uniform(0, 0.4):.4f}" for _ in range(ROWS)]
    lines[1] = "13.5,unknown,0.1"
    path = tmp_path_factory.mktemp("files") / "patients.csv"
    path.write_text("\n".join(["mean radius,mean texture,mean concavity", *lines]) + "\n")
    return path


def _select(page: Page, *files: Path, model: str = "quickstart") -> None:
    page.open("#/jobs")
    page.choose("Model", model)
    page.tab.set_input_files("input[type=file]", list(files))


def _wait_for_state(page: Page, state: str) -> None:
    page.tab.get_by_text(f"State: {state}").wait_for(timeout=SLOW)


def test_csv_is_uploaded_scored_previewed_and_downloaded(page: Page, patients: Path, tmp_path: Path) -> None:
    _select(page, patients)
    page.wait_for("mean radius, mean texture, mean concavity")
    page.click("Upload and score")
    _wait_for_state(page, "done")
    page.wait_for("49,999 of 50,000 rows were scored, 1 rejected.")
    first = page.tab.get_by_role("region", name="The first rows of the result")
    expect(first.locator("tbody tr")).to_have_count(20)
    rejected = page.tab.get_by_role("region", name="The first rejected rows")
    expect(rejected).to_contain_text("mean texture")
    assert page.findings() == []
    with page.tab.expect_download() as saved:
        page.click("Download predictions.csv")
    saved.value.save_as(tmp_path / "predictions.csv")
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == ROWS


def test_result_is_read_with_token(context: BrowserContext, registries: Registries, tmp_path: Path) -> None:
    token = "a-token-of-32-characters-at-least"
    path = tmp_path / "few.csv"
    path.write_text("mean radius,mean texture,mean concavity\n13.5,14.3,0.06\n")
    words = ("up", "--default", "quickstart", "--registry", str(registries.examples))
    with running(*words, LIGHTSHIP_TOKEN=token) as (_, url):
        page = Page(context.new_page(), f"{url.rstrip('/')}/")
        page.open("#/jobs")
        page.fill("Token", token)
        page.click("Sign in")
        page.tab.set_input_files("input[type=file]", path)
        page.click("Upload and score")
        _wait_for_state(page, "done")
        page.wait_for("1 of 1 rows were scored")
        expect(page.tab.get_by_role("region", name="The first rows of the result")).to_contain_text("13.5")
        with page.tab.expect_download():
            page.click("Download predictions.csv")
        assert page.errors == []


def test_images_are_one_job(page: Page, tmp_path: Path) -> None:
    images = [Path(shutil.copy("examples/digits/seven.png", tmp_path / f"{number}.png")) for number in range(6)]
    _select(page, *images, model="digits")
    page.wait_for("6 images")
    page.click("Upload and score")
    _wait_for_state(page, "done")
    page.wait_for("6 of 6 rows were scored, 0 rejected.")


def test_upload_continues_after_lost_connection(page: Page, tmp_path: Path) -> None:
    attempts: list[str] = []

    def fail_once(route: Route) -> None:
        attempts.append(route.request.url)
        if len(attempts) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.tab.route(lambda url: "/uploads/" in url, fail_once)
    path = tmp_path / "few.csv"
    path.write_text("mean radius,mean texture,mean concavity\n13.5,14.3,0.06\n")
    _select(page, path)
    page.click("Upload and score")
    page.wait_for("The upload continues when it is back.")
    _wait_for_state(page, "done")
    assert len(attempts) == 2
    page.expect_error("ERR_CONNECTION_RESET")


def test_job_without_columns_fails_with_reason(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("radius,texture\n13.5,14.3\n")
    _select(page, path)
    page.click("Upload and score")
    _wait_for_state(page, "failed")
    expect(page.tab.locator("p.failure")).to_contain_text("mean radius")
    page.open("#/jobs", width=390, scheme="dark")
    page.tab.get_by_role("link", name="other.csv").first.wait_for()
    assert page.findings() == []
    assert page.overflow() <= 0


def test_unsuitable_files_are_refused(page: Page, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "notes.docx", "empty.csv")]
    for path in paths[:3]:
        path.write_text("1\n")
    paths[3].touch()
    for files, reason in (
        (paths[:2], "one data file at a time"),
        (paths[2:3], "notes.docx is no CSV"),
        (paths[3:], "empty.csv is empty"),
    ):
        _select(page, *files)
        page.wait_for(reason)
        assert page.named("Upload and score").is_disabled()


def test_files_in_chinese_have_chinese_controls(page: Page) -> None:
    page.open("#/jobs")
    page.choose("Language", "中文")
    page.tab.get_by_role("button", name="上传并评分").wait_for()


def test_files_are_hidden_without_stack(context: BrowserContext, serve: Serve) -> None:
    page = Page(context.new_page(), serve())
    page.open()
    page.wait_for("quickstart")
    assert not page.named("Files").is_visible()
