"""The page Files in a tab: choose files, upload them, follow their job."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Request, expect

from tests.web.page import Page

COLUMNS = "mean radius,mean texture,mean concavity"

# Milliseconds: a job starts the worker processes of two functions.
SLOW = 120_000


class FilesPage(Page):
    """The page Files of a stack."""

    def select(self, *files: Path, model: str = "quickstart") -> None:
        """Open the page and choose a model and files."""
        self.open("#/jobs")
        self.choose("Model", model)
        self.tab.set_input_files("input[type=file]", list(files))

    def score(self, *files: Path, model: str = "quickstart") -> None:
        """Upload files, and wait until the page shows their job."""
        self.select(*files, model=model)
        self.click("Upload and score")
        self.tab.get_by_text("State: ").wait_for(timeout=SLOW)

    def wait_for_state(self, state: str) -> None:
        """Wait until the job has a state."""
        self.tab.get_by_text(f"State: {state}").wait_for(timeout=SLOW)

    def download(self, name: str) -> bytes:
        """Return an output of the job, as the browser saves it."""
        with self.tab.expect_download() as saved:
            self.click(f"Download {name}")
        return saved.value.path().read_bytes()

    def expect_first_row(self, *cells: str) -> None:
        """Wait until the first row of the result begins with these cells."""
        row = self.tab.get_by_role("region", name="The first rows of the result").locator("tbody tr").first
        expect(row.locator("th, td").first).to_be_visible(timeout=SLOW)
        assert row.locator("th, td").all_inner_texts()[: len(cells)] == list(cells)


def is_put(request: Request) -> bool:
    """Return whether a request sends a file, or a part of one, to the storage."""
    return request.method == "PUT"


def written(path: Path, *rows: str) -> Path:
    """Write a CSV file of the columns of the model quickstart."""
    path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    return path
