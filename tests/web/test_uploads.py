"""Uploads in Chromium: parts, lost connections, dropped and wrong files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.web.files import COLUMNS, FilesPage, is_put, written

pytestmark = pytest.mark.browser

ROW = "13.5,14.3,0.06"
PART = 16 * 1024**2  # of the page


@pytest.fixture
def few(tmp_path: Path) -> Path:
    return written(tmp_path / "few.csv", ROW)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a CSV file of three parts: few rows with a long cell."""
    path = tmp_path_factory.mktemp("large") / "large.csv"
    cell = "x" * 1_000_000
    path.write_text("".join([f"{COLUMNS},note\n", *(f"{ROW},{cell}\n" for _ in range(35))]))
    assert 2 * PART < path.stat().st_size < 3 * PART
    return path


def _part(url: str) -> int:
    found = re.search(r"partNumber=(\d+)", url)
    return int(found[1]) if found else 0


def test_large_file_is_uploaded_in_parts(files: FilesPage, large: Path) -> None:
    sent: list[int] = []
    files.tab.on("request", lambda request: is_put(request) and sent.append(_part(request.url)))
    files.score(large)
    files.wait_for_state("done")
    files.wait_for("35 of 35 rows were scored, 0 rejected.")
    assert sent == [1, 2, 3]


def test_upload_in_parts_continues_with_lost_part(files: FilesPage, large: Path) -> None:
    sent: list[int] = []

    def lose_second_once(route: Route) -> None:
        sent.append(_part(route.request.url))
        if sent == [1, 2]:
            route.abort("connectionreset")
        else:
            route.continue_()

    files.tab.route(lambda url: "partNumber=" in url, lose_second_once)
    files.select(large)
    files.click("Upload and score")
    files.wait_for("The upload continues when it is back.")
    files.wait_for_state("done")
    assert sent == [1, 2, 2, 3]
    files.expect_error("ERR_CONNECTION_RESET")


def test_upload_continues_after_lost_connection(files: FilesPage, few: Path) -> None:
    attempts: list[str] = []

    def fail_once(route: Route) -> None:
        attempts.append(route.request.url)
        if len(attempts) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    files.tab.route(lambda url: "/uploads/" in url, fail_once)
    files.select(few)
    files.click("Upload and score")
    files.wait_for("The upload continues when it is back.")
    files.wait_for_state("done")
    assert len(attempts) == 2
    files.expect_error("ERR_CONNECTION_RESET")


def test_upload_without_network_continues_later(files: FilesPage, few: Path) -> None:
    files.select(few)
    files.tab.context.set_offline(True)
    files.click("Upload and score")
    files.wait_for("The upload continues when it is back.")
    files.tab.context.set_offline(False)
    files.wait_for_state("done")
    files.expect_error("ERR_INTERNET_DISCONNECTED")


def test_start_of_job_is_repeated_after_lost_answer(files: FilesPage, few: Path) -> None:
    """The server starts the job, and its answer is lost: the same job is found."""
    jobs: list[str] = []

    def lose_first_answer(route: Route) -> None:
        if '"key"' not in (route.request.post_data or ""):
            return route.continue_()
        jobs.append(route.fetch().json()["id"])
        return route.abort("connectionreset") if len(jobs) == 1 else route.continue_()

    files.tab.route(f"{files.address}jobs", lose_first_answer)
    files.score(few)
    files.wait_for_state("done")
    assert files.tab.url.endswith(f"#/jobs/{jobs[0]}")
    files.expect_error("ERR_CONNECTION_RESET")


def test_expired_url_is_replaced(files: FilesPage, few: Path) -> None:
    """The storage refuses a URL whose time is over as S3 does: moto does not check it."""
    urls: list[str] = []

    def refuse_first(route: Route) -> None:
        if not is_put(route.request):
            return route.continue_()
        urls.append(route.request.url)
        if len(urls) > 1:
            return route.continue_()
        body = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        return route.fulfill(status=403, body=body, headers={"access-control-allow-origin": "*"})

    files.tab.route(lambda url: "/uploads/" in url, refuse_first)
    files.score(few)
    files.wait_for_state("done")
    assert len(urls) == len(set(urls)) == 2
    files.expect_error("403")


def test_stopped_upload_starts_no_job(files: FilesPage, few: Path) -> None:
    files.open("#/jobs")
    before = files.tab.request.get(f"{files.address}jobs").json()["jobs"]
    files.tab.route(lambda url: "/uploads/" in url, lambda route: None)  # the storage does not answer
    files.select(few)
    files.click("Upload and score")
    files.click("Stop the upload")
    files.wait_for("The upload was stopped.")
    expect(files.named("Upload and score")).to_be_enabled()
    assert files.tab.request.get(f"{files.address}jobs").json()["jobs"] == before


def test_dropped_file_is_scored(files: FilesPage) -> None:
    files.open("#/jobs")
    files.tab.locator(".drop").wait_for()
    files.tab.evaluate(
        """content => {
          const data = new DataTransfer();
          data.items.add(new File([content], "dropped.csv"));
          const drop = document.querySelector(".drop");
          for (const type of ["dragover", "drop"]) {
            drop.dispatchEvent(new DragEvent(type, {dataTransfer: data, cancelable: true, bubbles: true}));
          }
        }""",
        f"{COLUMNS}\n{ROW}\n",
    )
    files.wait_for("dropped.csv, ")
    files.click("Upload and score")
    files.wait_for_state("done")
    files.wait_for("1 of 1 rows were scored")


def test_unsuitable_files_are_refused(files: FilesPage, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "notes.docx", "empty.csv", "photo.png")]
    for path in paths:
        path.write_text("" if path.name == "empty.csv" else "1\n")
    first, second, text, empty, photo = paths
    for chosen, reason in (
        ([first, second], "one data file at a time"),
        ([first, photo], "one data file, or images only"),
        ([text], "notes.docx is no CSV"),
        ([empty], "empty.csv is empty"),
    ):
        files.select(*chosen)
        files.wait_for(reason)
        assert files.named("Upload and score").is_disabled()
