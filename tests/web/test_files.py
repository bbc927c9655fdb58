"""Files of every format, scored in Chromium with the stack of ``lightship up``."""

from __future__ import annotations

import io
import json
import random
import shutil
import tarfile
from pathlib import Path

import pyarrow
import pytest
from playwright.sync_api import BrowserContext, expect
from pyarrow import parquet

from tests import stacks
from tests.bundles import Registries
from tests.web.conftest import Serve
from tests.web.files import FilesPage, written
from tests.web.page import Page

pytestmark = pytest.mark.browser

ROWS = 50_000
ROW = {"mean radius": 13.5, "mean texture": 14.3, "mean concavity": 0.06}


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a CSV file of 50,000 rows, of which the second is wrong."""
    rng = random.Random(0)
    lines = [f"{rng.uniform(7, 28):.3f},{rng.uniform(9, 39):.3f},{rng.uniform(0, 0.4):.4f}" for _ in range(ROWS)]
    lines[1] = "13.5,unknown,0.1"
    return written(tmp_path_factory.mktemp("files") / "patients.csv", *lines)


def test_csv_is_uploaded_scored_previewed_and_downloaded(files: FilesPage, patients: Path) -> None:
    files.select(patients)
    files.wait_for("mean radius, mean texture, mean concavity")
    files.click("Upload and score")
    files.wait_for_state("done")
    files.wait_for("49,999 of 50,000 rows were scored, 1 rejected.")
    first = files.tab.get_by_role("region", name="The first rows of the result")
    expect(first.locator("tbody tr")).to_have_count(20)
    rejected = files.tab.get_by_role("region", name="The first rejected rows")
    expect(rejected).to_contain_text("mean texture")
    assert files.findings() == []
    assert len(files.download("predictions.csv").splitlines()) == ROWS


def test_json_lines_are_previewed_and_downloaded(files: FilesPage, tmp_path: Path) -> None:
    path = tmp_path / "patients.jsonl"
    path.write_text("".join(json.dumps(ROW | {"id": number, "tags": ["a"]}) + "\n" for number in range(30)))
    files.score(path)
    files.wait_for_state("done")
    files.wait_for("30 of 30 rows were scored, 0 rejected.")
    first = files.tab.get_by_role("region", name="The first rows of the result")
    expect(first.locator("tbody tr")).to_have_count(20)
    expect(first.locator("tbody tr").first).to_contain_text('["a"]')
    rows = [json.loads(line) for line in files.download("predictions.jsonl").splitlines()]
    assert [row["id"] for row in rows] == list(range(30))
    assert all(row.items() >= ROW.items() and "probability_malignant" in row for row in rows)


def test_parquet_is_scored_and_downloaded(files: FilesPage, tmp_path: Path) -> None:
    path = tmp_path / "patients.parquet"
    parquet.write_table(pyarrow.table({name: [value] * 10 for name, value in ROW.items()}), path)
    files.score(path)
    files.wait_for_state("done")
    files.wait_for("10 of 10 rows were scored, 0 rejected.")
    files.wait_for("Parquet has no preview here.")
    table = parquet.read_table(io.BytesIO(files.download("part-00000.parquet")))
    assert table.num_rows == 10
    assert table.column_names[:3] == list(ROW)


def test_csv_becomes_parquet_by_option(files: FilesPage, tmp_path: Path) -> None:
    files.select(written(tmp_path / "few.csv", "13.5,14.3,0.06"))
    files.tab.locator("summary", has_text="Options").click()
    files.choose("Result", "Parquet, in parts")
    files.click("Upload and score")
    files.wait_for_state("done")
    assert parquet.read_table(io.BytesIO(files.download("part-00000.parquet"))).num_rows == 1


def test_images_are_one_job(files: FilesPage, tmp_path: Path) -> None:
    images = [Path(shutil.copy("examples/digits/seven.png", tmp_path / f"{number}.png")) for number in range(6)]
    files.select(*images, model="digits")
    files.wait_for("6 images")
    files.click("Upload and score")
    files.wait_for_state("done")
    files.wait_for("6 of 6 rows were scored, 0 rejected.")
    first = files.tab.get_by_role("region", name="The first rows of the result")
    expect(first.locator("tbody tr")).to_have_count(6)
    _, *rows = files.download("predictions.csv").decode().splitlines()
    keys, digits = zip(*(row.split(",")[:2] for row in rows), strict=True)
    assert [Path(key).name for key in keys] == [image.name for image in images]
    assert set(digits) == {"7"}


def test_tar_file_of_images_is_one_job(files: FilesPage, tmp_path: Path) -> None:
    path = tmp_path / "sevens.tar"
    with tarfile.open(path, "w") as tar:
        for number in range(3):
            tar.add("examples/digits/seven.png", f"{number}.png")
    files.score(path, model="digits")
    files.wait_for_state("done")
    files.wait_for("3 of 3 rows were scored, 0 rejected.")
    _, *rows = files.download("predictions.csv").decode().splitlines()
    assert [(Path(key).name, digit) for key, digit, *_ in (row.split(",") for row in rows)] == [
        (f"{number}.png", "7") for number in range(3)
    ]


def test_file_of_rejected_rows_has_empty_result(files: FilesPage, tmp_path: Path) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text(json.dumps(ROW | {"mean radius": "wide"}) + "\n")
    files.score(path)
    files.wait_for_state("done")
    files.wait_for("No row was scored.")
    assert files.download("predictions.jsonl") == b""
    assert b"wide" in files.download("errors/part-00000.jsonl")


def test_result_is_read_with_token(context: BrowserContext, registries: Registries, tmp_path: Path) -> None:
    token = "a-token-of-32-characters-at-least"
    words = ("--default", "quickstart", "--registry", str(registries.examples))
    with stacks.up(tmp_path, *words, LIGHTSHIP_TOKEN=token) as (_, url):
        page = FilesPage(context.new_page(), f"{url.rstrip('/')}/")
        page.open("#/jobs")
        page.fill("Token", token)
        page.click("Sign in")
        page.tab.set_input_files("input[type=file]", written(tmp_path / "few.csv", "13.5,14.3,0.06"))
        page.click("Upload and score")
        page.wait_for_state("done")
        page.wait_for("1 of 1 rows were scored")
        page.expect_first_row("13.5", "14.3", "0.06")
        assert page.download("predictions.csv").startswith(b"mean radius")
        assert page.errors == []


def test_files_in_chinese_have_chinese_controls(files: FilesPage) -> None:
    files.open("#/jobs")
    files.choose("Language", "中文")
    files.tab.get_by_role("button", name="上传并评分").wait_for()


def test_files_are_hidden_without_stack(context: BrowserContext, serve: Serve) -> None:
    page = Page(context.new_page(), serve())
    page.open()
    page.wait_for("quickstart")
    assert not page.named("Files").is_visible()
