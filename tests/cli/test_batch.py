"""``lightship batch`` with a stack whose functions run in a thread."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from click.testing import Result
from PIL import Image
from pyarrow import parquet

from lightship.aws.stack import StackSettings
from lightship.cli.bucket import packing, uploads
from lightship.errors import InvalidInput
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud, connect
from tests.cli.conftest import EmulatedStack
from tests.emulator import ROOT
from tests.jobs.faults.proxy import proxy
from tests.jobs.scoring import png
from tests.tars import packed

PATIENTS = ROOT / "examples" / "quickstart" / "patients.csv"


def test_connect_in_lambda_reads_memory_from_environment(stack: EmulatedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stack.cloud.memory == 1769
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    assert connect(StackSettings.from_environment(os.environ)).memory == 512


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """Return a folder with images, one in a subfolder, and with other files."""
    folder = tmp_path / "pictures"
    for number, name in enumerate(["a.png", "b.JPG", "more/ü.jpeg", ".hidden.png", ".thumbnails/a.png"]):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (16, 16), 50 * number).save(file, "PNG" if name.endswith("png") else "JPEG")
    (folder / "readme.txt").write_text("no image")
    return folder


def sent(stack: EmulatedStack) -> list[str]:
    """Return the key of every version of every uploaded object."""
    found = stack.s3.list_object_versions(Bucket=stack.bucket, Prefix="uploads/").get("Versions", [])
    return [entry["Key"] for entry in found]


def refusal(result: Result) -> str:
    """Return the error message of a refused command."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


def test_batch_same_file_again_reuses_job_and_upload(running_stack: EmulatedStack, tmp_path: Path) -> None:
    first = running_stack.json("batch", "quickstart", str(PATIENTS))
    assert first["rows"]["scored"] == 3
    assert running_stack.json("batch", "quickstart", str(PATIENTS))["job"] == first["job"]
    assert len(sent(running_stack)) == 1
    assert running_stack.json("batch", "quickstart", str(PATIENTS), "--again", "word")["job"] != first["job"]
    assert len(sent(running_stack)) == 1
    other = tmp_path / PATIENTS.name
    other.write_bytes(PATIENTS.read_bytes().replace(b"1", b"2", 1))
    assert running_stack.json("batch", "quickstart", str(other))["job"] != first["job"]
    assert len(sent(running_stack)) == 2


def test_batch_without_terminal_prints_no_progress_bar(running_stack: EmulatedStack) -> None:
    done = running_stack.run("batch", "quickstart", str(PATIENTS))
    assert done.exit_code == 0
    assert re.fullmatch(r"job \w{32} .*\n", done.stderr)


def test_batch_image_folder_is_one_job(running_stack: EmulatedStack, image_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "scored.csv"
    receipt = running_stack.json("batch", "digits", str(image_folder), "--output", str(output))
    assert receipt["rows"] == {"read": 3, "scored": 3, "rejected": 0}
    rows = list(csv.DictReader(io.StringIO(output.read_text())))
    prefix = receipt["input"]["key"]
    assert [row["key"].removeprefix(prefix) for row in rows] == ["a.png", "b.JPG", "more/ü.jpeg"]
    again = running_stack.json("batch", "digits", str(image_folder), "--output", str(tmp_path / "again.csv"))
    assert (again["job"], len(sent(running_stack))) == (receipt["job"], 1)
    Image.new("L", (16, 16), 200).save(image_folder / "c.png")
    more = running_stack.json("batch", "digits", str(image_folder))
    assert more["rows"]["scored"] == 4


def test_batch_incomplete_upload_sends_missing_tar_files_only(
    running_stack: EmulatedStack, image_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MOST_MEMBERS", 1)
    receipt = running_stack.json("batch", "digits", str(image_folder))
    assert len(sent(running_stack)) == 3
    key = f"{receipt['input']['key']}images-00001.tar"
    running_stack.s3.delete_object(Bucket=running_stack.bucket, Key=key)
    running_stack.json("batch", "digits", str(image_folder), "--again", "word")
    assert len(sent(running_stack)) == 4
    assert sent(running_stack).count(key) == 2


def test_batch_tar_file_and_folder_of_tar_files_are_sent_unchanged(
    running_stack: EmulatedStack, tmp_path: Path
) -> None:
    file, folder = tmp_path / "x.tar", tmp_path / "shards"
    folder.mkdir()
    file.write_bytes(packed({"a.png": png(1), "a.cls": b"1", "b.png": png(2)}))
    for name in ("0.tar", "1.TAR"):
        (folder / name).write_bytes(packed({f"{name}.png": png(3)}))
    assert running_stack.json("batch", "digits", str(file))["rows"]["scored"] == 2
    output = tmp_path / "scored.csv"
    receipt = running_stack.json("batch", "digits", str(folder), "--output", str(output))
    rows = list(csv.DictReader(io.StringIO(output.read_text())))
    assert [row["key"].removeprefix(receipt["input"]["key"]) for row in rows] == ["0.tar.png", "1.TAR.png"]
    assert sorted(key.rpartition("/")[2] for key in sent(running_stack)) == ["0.tar", "1.TAR", "x.tar"]


def test_batch_result_in_parts_is_written_to_folder(running_stack: EmulatedStack, tmp_path: Path) -> None:
    for name, words in {"new": ("--format", "parquet"), "empty": ()}.items():
        output = tmp_path / name
        if not words:
            output.mkdir()
        receipt = running_stack.json("batch", "quickstart", str(PATIENTS), *words, "--output", str(output))
        assert sorted(file.name for file in output.iterdir()) == [
            part["key"].rpartition("/")[2] for part in receipt["parts"]
        ]
    assert parquet.read_table(tmp_path / "new").num_rows == 3
    source = tmp_path / "p.parquet"
    parquet.write_table(
        pyarrow.table({name: [1.0] for name in ("mean radius", "mean texture", "mean concavity")}), source
    )
    running_stack.json("batch", "quickstart", str(source), "--output", str(tmp_path / "scored.parquet"))
    assert parquet.read_table(tmp_path / "scored.parquet").num_rows == 1


def test_batch_rejected_rows_are_written_to_file(running_stack: EmulatedStack, tmp_path: Path) -> None:
    source, target = tmp_path / "rows.csv", tmp_path / "rejected.jsonl"
    source.write_text("mean radius,mean texture,mean concavity\n1,2,3\n1,x,3\n1,2\n")
    result = running_stack.run("batch", "quickstart", str(source), "--rejected", str(target))
    assert result.exit_code == 0, result.output
    assert str(target) in re.sub(r"[│\s]", "", result.stdout)
    ragged, bad = sorted(map(json.loads, target.read_text().splitlines()), key=lambda record: -int(record["row"]))
    assert (bad["row"], bad["text"], "'mean texture'" in bad["reason"]) == (2, "1,x,3", True)
    assert ragged["row"] == 3
    running_stack.json("batch", "quickstart", str(PATIENTS), "--rejected", str(target))
    assert target.read_bytes() == b""


def test_batch_with_every_row_rejected_ends_with_4(running_stack: EmulatedStack, tmp_path: Path) -> None:
    source, target = tmp_path / "rows.csv", tmp_path / "rejected.jsonl"
    source.write_text("mean radius,mean texture,mean concavity\n" + "1,x,3\n" * 3)
    for words in ((), ("--json",)):
        result = running_stack.run("batch", "quickstart", str(source), "--rejected", str(target), *words)
        assert result.exit_code == 4, result.output
        assert len(target.read_text().splitlines()) == 3


@pytest.mark.parametrize(("separator", "named"), [(";", "';'"), ("\t", "tabs")])
@pytest.mark.parametrize("words", [(), ("--header",), ("--no-header",)])
def test_batch_of_cells_without_commas_is_explained(
    running_stack: EmulatedStack, tmp_path: Path, separator: str, named: str, words: tuple[str, ...]
) -> None:
    source = tmp_path / "rows.csv"
    rows = (("mean radius", "mean texture", "mean concavity"), ("17,99", "10,38", "0,3"))
    chosen = rows[1:] if words == ("--no-header",) else rows
    source.write_text("".join(f"{separator.join(row)}\n" for row in chosen))
    assert named in refusal(running_stack.run("batch", "quickstart", str(source), *words))


def test_batch_output_names_job_and_result(running_stack: EmulatedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = running_stack.run("batch", "quickstart", str(PATIENTS))
    assert result.exit_code == 0, result.output
    (job,) = operations.jobs(running_stack.cloud, owner="arn:aws:sts::123456789012:user/moto", limit=5)
    assert job.id in result.stderr
    assert f"s3://{running_stack.bucket}/{job.output}" in re.sub(r"[│\s]", "", result.stdout)
    assert "…" not in result.stdout
    assert job.id in running_stack.run("job", "list").stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("unknown", "p.csv"), "'unknown'"),
        (("quickstart@0", "p.csv"), "version 0"),
        (("quickstart@9", "p.csv"), "version 9"),
        (("quickstart", "p.xls"), "p.xls'"),
        (("quickstart", "empty"), "empty"),
        (("quickstart", "p.csv", "--output", "full"), "full"),
        (("quickstart", "p.csv", "--output", "nowhere/p.csv"), "nowhere"),
        (("quickstart", "p.csv", "--rejected", "nowhere/p.csv"), "nowhere"),
        (("quickstart", "p.csv", "--format", "parquet", "--output", "p.xls"), "--output"),
        (("quickstart", "p.csv", "--threshold", "-1"), "threshold"),
        (("quickstart", "images"), "images"),
        (("quickstart", "x.tar"), "images"),
        (("digits", "x.tar.gz"), "compressed"),
        (("digits", "mixed"), "a.png and a.tar"),
        (("digits", "broken"), "upload"),
    ],
)
def test_batch_wrong_arguments_are_refused_before_upload(
    stack: EmulatedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files = ["p.csv", "p.xls", "x.tar", "x.tar.gz", "full/p.csv", "images/a.png", "mixed/a.png", "mixed/a.tar"]
    for name in (*files, "broken/a\n.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(PATIENTS.read_bytes())
    Path("empty").mkdir()
    assert named in refusal(stack.run("batch", *words))
    assert sent(stack) == []
    assert operations.jobs(stack.cloud, owner="arn:aws:sts::123456789012:user/moto") == []


@contextmanager
def changing(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> Iterator[Cloud]:
    """Yield a cloud whose first request, a listing, finds a changed file."""
    with proxy(s3_endpoint) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        server.overtake = change
        server.begin(lambda number: "overtaken" if number == 1 else "")
        yield connect(StackSettings.from_environment(os.environ))
        assert server.injected == ["ListObjectsV2"]


def test_uploads_send_file_changed_meanwhile_uploads_nothing(
    stack: EmulatedStack, s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "p.csv"
    for content in (PATIENTS.read_bytes(), PATIENTS.read_bytes() * 300_000):  # in one piece, and in parts
        file.write_bytes(content)

        def grow() -> None:
            with file.open("ab") as more:
                more.write(b"1,2,3\n")

        with changing(s3_endpoint, monkeypatch, grow) as cloud, pytest.raises(InvalidInput, match="p.csv"):
            uploads.send({"p.csv": file}, cloud, "ann", quiet())
        assert sent(stack) == []
    assert stack.s3.list_multipart_uploads(Bucket=stack.bucket).get("Uploads", []) == []
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    folder = uploads.send({"p.csv": file}, stack.cloud, "ann", quiet())
    found = stack.s3.get_object(Bucket=stack.bucket, Key=f"{folder}p.csv")["Body"].read()
    assert found == file.read_bytes()


@pytest.mark.parametrize("change", [b"", b"x", b"y" * 1000])
def test_uploads_send_image_changed_meanwhile_uploads_nothing(
    stack: EmulatedStack, s3_endpoint: str, image_folder: Path, monkeypatch: pytest.MonkeyPatch, change: bytes
) -> None:
    replace = partial((image_folder / "a.png").write_bytes, change)
    with changing(s3_endpoint, monkeypatch, replace) as cloud, pytest.raises(InvalidInput, match=r"a\.png changed"):
        uploads.send(uploads.find(image_folder), cloud, "ann", quiet(), packed=True)
    assert sent(stack) == []


def test_uploads_send_packed_images_again_has_same_bytes(stack: EmulatedStack, image_folder: Path) -> None:
    folder = uploads.send(uploads.find(image_folder), stack.cloud, "ann", quiet(), packed=True)
    key = f"{folder}images-00000.tar"
    first = stack.s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read()
    stack.s3.delete_object(Bucket=stack.bucket, Key=key)
    (image_folder / "a.png").touch()
    (image_folder / "a.png").chmod(0o600)
    assert uploads.send(uploads.find(image_folder), stack.cloud, "ann", quiet(), packed=True) == folder
    assert stack.s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read() == first


def quiet() -> Any:
    from rich.console import Console

    return Console(quiet=True)
