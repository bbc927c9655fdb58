"""Jobs of images in tar files: one file, and all below a prefix."""

from __future__ import annotations

import csv
import io
import json
import tarfile

import pytest

from lightship.errors import InvalidInput, NotFound, UnsupportedMedia
from lightship.formats import tar
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.files.images import LARGEST_IMAGE
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import SYSTEM, Options, Request
from lightship.jobs.split import plan
from tests.jobs.clouds import drop
from tests.jobs.scoring import finished, name_of, png, scored
from tests.jobs.workers import run
from tests.tars import built, member, packed

PREFIX = "uploads/system/1/"


def start(cloud: Cloud, key: str, **options: object) -> Job:
    return operations.start(cloud, Request(owner=SYSTEM, model="digits", key=key, options=Options(**options)))


def rows_of(receipt: dict, files: dict[str, bytes]) -> list[dict[str, str]]:
    """Return the rows of all parts."""
    parts = [files[name_of(part)].decode() for part in receipt["parts"]]
    return [row for part in parts for row in csv.DictReader(io.StringIO(part))]


def errors_of(files: dict[str, bytes]) -> list[dict]:
    found = [data for name, data in sorted(files.items()) if name.startswith("errors/")]
    return [json.loads(line) for data in found for line in data.splitlines()]


def test_tar_gives_same_output_as_single_objects(all_models: Cloud) -> None:
    images = {f"{number % 3}/{number:02}.png": png(number) for number in range(30)} | {"1/broken.png": b"x"}
    for name, image in images.items():
        drop(all_models, f"uploads/system/single/{name}", image)
    _, receipt, files = finished(all_models, start(all_models, "uploads/system/single/"))
    ordered = sorted(images.items())
    for number, first in enumerate(range(0, len(ordered), 10)):
        drop(all_models, f"uploads/system/tars/{number}.tar", packed(ordered[first : first + 10]))
    _, packed_receipt, packed_files = finished(all_models, start(all_models, "uploads/system/tars/"))
    assert packed_receipt["rows"] == receipt["rows"] == {"read": 31, "scored": 30, "rejected": 1}
    single = [row | {"key": row["key"].replace("/single/", "/tars/")} for row in rows_of(receipt, files)]
    assert rows_of(packed_receipt, packed_files) == single
    assert packed_receipt["columns"] == receipt["columns"]
    (error,), (packed_error,) = errors_of(files), errors_of(packed_files)
    assert packed_error["row"] == error["row"]
    assert packed_error["text"] == error["text"].replace("/single/", "/tars/")


def test_tar_of_web_dataset_scores_images_and_skips_other_members(all_models: Cloud) -> None:
    image = png(1)
    data = built(
        (member("./000.png", size=len(image)), image),
        (member("./000.json", size=2), b"{}"),
        (member("./000.cls", size=1), b"7"),
        (member("001.png", kind=tarfile.SYMTYPE), b""),
        (member("/002.png", size=len(image)), image),
        (member("000.png", size=len(image)), image),
        (member("003.jpg", size=4), b"text"),
    )
    _, receipt, files = scored(all_models, "digits", "x.tar", data)
    assert receipt["rows"] == {"read": 5, "scored": 2, "rejected": 3}
    assert [row["key"] for row in rows_of(receipt, files)] == [f"{PREFIX}000.png"] * 2
    errors = errors_of(files)
    assert [(error["row"], error["text"]) for error in errors] == [
        (2, f"{PREFIX}001.png"),
        (3, f"{PREFIX}/002.png"),
        (5, f"{PREFIX}003.jpg"),
    ]
    assert [word in error["reason"] for word, error in zip(("link", "relative", "PNG"), errors, strict=True)] == [
        True
    ] * 3


def test_tar_of_several_chunks_is_scored_in_order(all_models: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar, "MOST_ROWS", 7)
    names = [f"{number:03}.png" for number in range(40)]
    data = packed((name, png(number)) for number, name in enumerate(names))
    _, receipt, files = scored(all_models, "digits", "x.tar", data, output="csv", single=True)
    rows = list(csv.DictReader(io.StringIO(files["predictions.csv"].decode())))
    assert [row["key"].removeprefix(PREFIX) for row in rows] == names
    job = Ledger(all_models).jobs.find(receipt["job"])
    assert job is not None
    assert (job.chunks, job.rows) == (6, 40)


def test_tars_split_is_continued_after_each_batch(all_models: Cloud) -> None:
    images = [(f"{number:02}.png", png(number)) for number in range(40)]
    for number in range(4):
        drop(all_models, f"{PREFIX}{number}.tar", packed(images[10 * number : 10 * number + 10]))
    job = start(all_models, PREFIX, chunk=3000)
    words = []
    while all_models.sqs.sent and (queued := all_models.sqs.sent)[0][0] == "split":
        words.append(plan.handle(queued.pop(0)[1], all_models, deadline=0))
        queued.sort(key=lambda sent: sent[0] != "split")
    assert words[:-1] == ["continued"] * (len(words) - 1)
    assert len(words) > 2
    _, receipt, files = finished(all_models, job)
    assert [row["key"][-6:] for row in rows_of(receipt, files)] == [name for name, _ in images]


def test_tar_image_too_large_is_error_row(all_models: Cloud) -> None:
    huge = LARGEST_IMAGE + 1
    data = built((member("a.png", size=huge), bytes(huge)), (member("b.png", size=len(png(1))), png(1)))
    _, receipt, files = scored(all_models, "digits", "x.tar", data)
    assert receipt["rows"] == {"read": 2, "scored": 1, "rejected": 1}
    assert str(huge) in errors_of(files)[0]["reason"]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (packed({"a.png": png(1)})[:600], "x.tar: the tar file is cut short"),
        (packed({}), "no image"),
        (packed({"a.txt": b"text"}), "no image"),
        (b"", "cut short"),
        (b"x" * 2000, "not a tar file"),
    ],
)
def test_tar_unreadable_fails_job(all_models: Cloud, data: bytes, named: str) -> None:
    job, _, _ = scored(all_models, "digits", "x.tar", data)
    assert (job.state, named in job.reason) == ("failed", True), job.reason


def test_tars_one_cut_short_fails_job_and_is_named(all_models: Cloud) -> None:
    drop(all_models, f"{PREFIX}0.tar", packed({"a.png": png(1)})[:600])
    drop(all_models, f"{PREFIX}1.tar", packed({"b.png": png(1)}))
    job, _, _ = finished(all_models, start(all_models, PREFIX))
    assert (job.state, job.reason.startswith("0.tar: the tar file is cut short")) == ("failed", True), job.reason


def test_tar_replaced_after_split_fails_job(all_models: Cloud) -> None:
    drop(all_models, f"{PREFIX}0.tar", packed({"a.png": png(1)}))
    job = start(all_models, PREFIX)
    plan.handle(all_models.sqs.sent.pop(0)[1], all_models)
    drop(all_models, f"{PREFIX}0.tar", packed({"b.png": png(2)}))
    job, _, _ = finished(all_models, job)
    assert (job.state, "replaced" in job.reason) == ("failed", True), job.reason


def test_tar_added_later_is_new_job(all_models: Cloud) -> None:
    drop(all_models, f"{PREFIX}0.tar", packed({"a.png": png(1)}))
    first = start(all_models, PREFIX)
    run(all_models)
    assert start(all_models, PREFIX).id == first.id
    drop(all_models, f"{PREFIX}1.tar", packed({"b.png": png(1)}))
    assert start(all_models, PREFIX).id != first.id


def test_tars_and_images_below_one_prefix_are_refused(all_models: Cloud) -> None:
    drop(all_models, f"{PREFIX}0.tar", packed({"a.png": png(1)}))
    drop(all_models, f"{PREFIX}a.png", png(1))
    with pytest.raises(InvalidInput, match=r"a\.png and 0\.tar"):
        start(all_models, PREFIX)


def test_tar_compressed_or_in_empty_prefix_is_refused(all_models: Cloud) -> None:
    for name in ("x.tar.gz", "x.tgz"):
        drop(all_models, PREFIX + name, b"x")
        with pytest.raises(UnsupportedMedia, match="not be compressed"):
            start(all_models, PREFIX + name)
    with pytest.raises(NotFound, match="no image and no tar file"):
        start(all_models, PREFIX)


def test_tar_with_tabular_model_fails_job(all_models: Cloud) -> None:
    job, _, _ = scored(all_models, "quickstart", "x.tar", packed({"a.png": png(1)}))
    assert (job.state, job.reason[:26]) == ("failed", "the model takes no images:")


def test_tar_of_images_of_any_size_is_scored_in_parquet(all_models: Cloud) -> None:
    _, receipt, files = scored(
        all_models, "spots", "x.tar", packed({"a.png": png(1), "b.png": png(2)}), output="parquet"
    )
    assert receipt["rows"]["scored"] == 2
    assert [name_of(part) for part in receipt["parts"]] == ["part-00000.parquet"]
    assert files["part-00000.parquet"].startswith(b"PAR1")
