"""A job in Chromium: cancel, retry and close it; jobs that failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import ATTEMPTS, State
from lightship.jobs.score import score
from tests.web.files import FilesPage, written
from tests.web.stack import delay, resources

pytestmark = pytest.mark.browser

ROW = "13.5,14.3,0.06"


@pytest.fixture
def cloud(stack: str, project: Path) -> Iterator[Cloud]:
    """Yield the stack's bucket, table and queues."""
    with resources(project) as found:
        yield found


@pytest.fixture
def delayed(cloud: Cloud) -> Iterator[None]:
    """Let messages wait in the score queue, so that no worker takes a chunk."""
    delay(cloud, 900)
    yield
    delay(cloud, 0)


def _score(files: FilesPage, path: Path) -> str:
    """Start a job of one row, and return its id when its file is split."""
    files.score(written(path, ROW))
    files.wait_for_state("scoring")
    return files.tab.url.rpartition("/")[2]


def _exhaust(cloud: Cloud, job: str) -> None:
    """Fail a worker five times on the job's chunk."""
    broken = replace(cloud, registry="s3://no-such-bucket/models")
    for _ in range(ATTEMPTS):
        with pytest.raises(Exception, match="NoSuchBucket"):
            score.handle({"schema": 1, "chunk": {"job": job, "index": 0}}, broken)


@pytest.mark.usefixtures("delayed")
def test_running_job_is_cancelled(files: FilesPage, tmp_path: Path) -> None:
    _score(files, tmp_path / "cancelled.csv")
    assert files.tab.get_by_role("progressbar").is_visible()
    assert not files.named("Retry the missing chunks").is_visible()
    files.click("Cancel")
    files.wait_for_state("cancelled")
    files.wait_for("cancelled by its owner")
    expect(files.named("Cancel")).to_be_hidden()
    files.open("#/jobs")
    row = files.tab.get_by_role("row", name="cancelled.csv")
    expect(row).to_contain_text("cancelled")


def test_incomplete_job_is_retried(files: FilesPage, cloud: Cloud, delayed: None, tmp_path: Path) -> None:
    job = _score(files, tmp_path / "retried.csv")
    _exhaust(cloud, job)
    files.wait_for_state("incomplete")
    files.wait_for("no worker is active on the job any more")
    assert files.findings() == []
    delay(cloud, 0)
    files.click("Retry the missing chunks")
    files.wait_for_state("done")
    files.wait_for("1 of 1 rows were scored, 0 rejected.")


def test_incomplete_job_is_closed_without_missing_rows(
    files: FilesPage, cloud: Cloud, delayed: None, tmp_path: Path
) -> None:
    job = _score(files, tmp_path / "closed.csv")
    _exhaust(cloud, job)
    files.wait_for_state("incomplete")
    delay(cloud, 0)
    files.click("Finish without the missing rows")
    files.wait_for_state("closed")
    files.wait_for("1 rows are missing")
    files.wait_for("No row was scored.")
    expect(files.named("Retry the missing chunks")).to_be_hidden()


def test_incomplete_job_is_cancelled(files: FilesPage, cloud: Cloud, delayed: None, tmp_path: Path) -> None:
    job = _score(files, tmp_path / "given-up.csv")
    _exhaust(cloud, job)
    files.wait_for_state("incomplete")
    files.click("Cancel")
    files.wait_for_state("cancelled")


@pytest.mark.usefixtures("delayed")
def test_cancel_of_ended_job_shows_reason(files: FilesPage, cloud: Cloud, tmp_path: Path) -> None:
    """Another tab has closed the job between two questions of this one."""
    job = _score(files, tmp_path / "ended.csv")
    files.tab.route(f"**/jobs/{job}", lambda route: route.abort("connectionreset"))  # the page does not see the end
    Ledger(cloud).jobs.end(job, State.FAILED, "ended by a test")
    files.click("Cancel")
    files.wait_for("it can no longer be cancelled")
    files.tab.unroute(f"**/jobs/{job}")
    files.wait_for_state("failed")
    files.errors.clear()


@pytest.mark.usefixtures("delayed")
def test_job_without_connection_is_followed_again(files: FilesPage, tmp_path: Path) -> None:
    _score(files, tmp_path / "followed.csv")
    files.tab.context.set_offline(True)
    files.wait_for("The job continues; the page asks again.")
    files.wait_for_state("scoring")
    files.tab.context.set_offline(False)
    expect(files.tab.get_by_text("The job continues; the page asks again.")).to_be_hidden()
    files.click("Cancel")
    files.wait_for_state("cancelled")
    files.errors.clear()


def test_unknown_job_shows_reason(files: FilesPage) -> None:
    files.open("#/jobs/00000000000000000000000000000000")
    files.wait_for("there is no job")
    assert "Loading" not in files.text()
    assert files.findings() == []
    files.expect_error("404")


def test_job_without_columns_fails_with_reason(files: FilesPage, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("radius,texture\n13.5,14.3\n")
    files.score(path)
    files.wait_for_state("failed")
    expect(files.tab.locator("p.failure")).to_contain_text("mean radius")
    files.open("#/jobs", width=390, scheme="dark")
    files.tab.get_by_role("link", name="other.csv").first.wait_for()
    assert files.findings() == []
    assert files.overflow() <= 0
