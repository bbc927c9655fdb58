"""Jobs of images: which objects are scored, and their rows."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from PIL import Image
from pyarrow import parquet

from lightship import aws
from lightship.errors import InvalidInput, NotFound, TooLarge
from lightship.jobs import inputs, objects, operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.files.images import LARGEST_IMAGE, fetched
from lightship.jobs.ledger.requests import SYSTEM, Options, Request, Source
from lightship.jobs.split import listing, plan
from lightship.jobs.storage import Storage
from tests.jobs.clouds import drop, watched
from tests.jobs.scoring import finished, name_of, png, scored


def test_images_below_prefix_are_scored(all_models: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_IMAGES", 64)
    for number in range(70):
        drop(all_models, f"uploads/system/2/{number:03}.png", png(number) if number != 7 else b"broken")
    drop(all_models, "uploads/system/2/readme.txt", b"")
    job = operations.start(all_models, Request(owner=SYSTEM, model="digits", key="uploads/system/2/"))
    _, receipt, files = finished(all_models, job)
    assert receipt["rows"] == {"read": 70, "scored": 69, "rejected": 1}
    rows = [row for part in (0, 1) for row in csv.DictReader(io.StringIO(files[f"part-{part:05}.csv"].decode()))]
    assert [row["key"][-7:] for row in rows] == [f"{n:03}.png" for n in range(70) if n != 7]
    assert list(rows[0]) == receipt["columns"]
    assert len(rows[0]) == 12
    (error,) = [json.loads(line) for line in files["errors/part-00000.jsonl"].splitlines()]
    assert (error["row"], error["text"]) == (8, "uploads/system/2/007.png")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"output": "parquet", "single": True}, "parquet"),
        ({"output": "jsonlines"}, "'jsonlines'"),
        ({"output": "xyz"}, "'xyz'"),
    ],
)
def test_images_with_unsupported_output_are_refused(all_models: Cloud, options: dict[str, Any], named: str) -> None:
    drop(all_models, "uploads/system/6/a.png", png(1))
    with pytest.raises(InvalidInput, match=named):
        operations.start(
            all_models, Request(owner=SYSTEM, model="digits", key="uploads/system/6/", options=Options(**options))
        )


def test_images_single_file_of_several_parts_has_one_header(all_models: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_IMAGES", 64)
    for number in range(65):
        drop(all_models, f"uploads/system/7/{number:03}.png", png(number))
    options = Options(output="csv", single=True)
    job = operations.start(all_models, Request(owner=SYSTEM, model="digits", key="uploads/system/7/", options=options))
    _, receipt, files = finished(all_models, job)
    rows = list(csv.DictReader(io.StringIO(files["predictions.csv"].decode())))
    assert [row["key"][-7:] for row in rows] == [f"{number:03}.png" for number in range(65)]
    assert list(rows[0]) == receipt["columns"]


def keys(files: dict[str, bytes]) -> list[str]:
    """Return the file names of the images in the output."""
    return [row["key"].rpartition("/")[2] for row in csv.DictReader(io.StringIO(files["part-00000.csv"].decode()))]


def test_images_unchanged_are_same_job_and_changed_are_new_job(all_models: Cloud) -> None:
    request = {"owner": SYSTEM, "model": "digits", "key": "uploads/system/8/"}
    with pytest.raises(NotFound, match="s3://jobs/uploads/system/8/"):
        operations.start(all_models, Request(**request))
    drop(all_models, "uploads/system/8/a.png", png(1))
    first, _, _ = finished(all_models, operations.start(all_models, Request(**request)))
    drop(all_models, "uploads/system/8/readme.txt", b"")
    assert operations.start(all_models, Request(**request)).id == first.id
    drop(all_models, "uploads/system/8/b.png", png(2))
    second, _, files = finished(all_models, operations.start(all_models, Request(**request)))
    assert second.id != first.id
    assert keys(files) == ["a.png", "b.png"]
    drop(all_models, "uploads/system/8/b.png", png(3))
    assert operations.start(all_models, Request(**request)).id not in {first.id, second.id}


def test_images_changed_before_listing_fail_job(
    all_models: Cloud,
) -> None:
    request = {"owner": SYSTEM, "model": "digits", "key": "uploads/system/9/"}
    drop(all_models, "uploads/system/9/a.png", png(1))
    started = operations.start(all_models, Request(**request))
    drop(all_models, "uploads/system/9/b.png", png(2))
    job, _, _ = finished(all_models, started)
    assert (job.state, "s3://jobs/uploads/system/9/" in job.reason) == ("failed", True)
    again, _, files = finished(all_models, operations.start(all_models, Request(**request)))
    assert (again.state, keys(files)) == ("done", ["a.png", "b.png"])


def test_images_added_after_listing_are_not_scored(all_models: Cloud) -> None:
    drop(all_models, "uploads/system/9/a.png", png(1))
    job = operations.start(all_models, Request(owner=SYSTEM, model="digits", key="uploads/system/9/"))
    plan.handle(all_models.sqs.sent[0][1], all_models)
    listing.handle(job, all_models)
    drop(all_models, "uploads/system/9/b.png", png(2))
    job, _, files = finished(all_models, job)
    assert (job.state, keys(files)) == ("done", ["a.png"])


def test_images_above_comparison_limit_are_new_job_for_each_request(
    all_models: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MOST_COMPARED", 1)
    for name in ("a.png", "b.png"):
        drop(all_models, f"uploads/system/10/{name}", png(1))
    request = {"owner": SYSTEM, "model": "digits", "key": "uploads/system/10/"}
    first, second = (finished(all_models, operations.start(all_models, Request(**request))) for _ in range(2))
    assert first[0].id != second[0].id
    assert keys(first[2]) == keys(second[2]) == ["a.png", "b.png"]


def test_image_too_large_is_rejected_unread(all_models: Cloud) -> None:
    drop(all_models, "uploads/system/11/a.png", png(1))
    drop(all_models, "uploads/system/11/b.png", png(1) + bytes(LARGEST_IMAGE))
    with watched(all_models) as (worker, network):
        job = operations.start(worker, Request(owner=SYSTEM, model="digits", key="uploads/system/11/"))
        _, receipt, files = finished(worker, job)
    read = [each.removeprefix("GetObject /jobs/") for each in network.seen]
    assert receipt["rows"] == {"read": 2, "scored": 1, "rejected": 1}
    (error,) = [json.loads(line) for line in files["errors/part-00000.jsonl"].splitlines()]
    size = len(png(1)) + LARGEST_IMAGE
    assert error["row"] == 2
    assert str(size) in error["reason"]
    assert str(LARGEST_IMAGE) in error["reason"]
    assert "uploads/system/11/a.png" in read
    assert "uploads/system/11/b.png" not in read


def test_listing_of_earlier_version_without_sizes_is_read(all_models: Cloud) -> None:
    """A job that was started by an earlier version has such a listing."""
    put = drop(all_models, "uploads/system/12/a.png", png(1))
    job = operations.start(all_models, Request(owner=SYSTEM, model="digits", key="uploads/system/12/"))
    entry = [put["detail"]["object"][name] for name in ("key", "etag")]
    drop(all_models, f"{job.work}listing.json", json.dumps([entry]).encode())
    _, receipt, files = finished(all_models, job)
    assert (receipt["rows"]["scored"], keys(files)) == (1, ["a.png"])


def test_images_with_tabular_model_fail_job(all_models: Cloud) -> None:
    drop(all_models, "uploads/system/3/a.png", b"x")
    job = operations.start(all_models, Request(owner=SYSTEM, model="quickstart", key="uploads/system/3/"))
    job, _, _ = finished(all_models, job)
    assert (job.state, job.reason[:26]) == ("failed", "the model takes no images:")


def test_images_of_different_sizes_are_all_scored_in_order(all_models: Cloud) -> None:
    sizes = [(6, 4), (6, 4), (30, 20), (1, 1), (6, 4), (500, 300), (30, 20)]
    for number, size in enumerate(sizes):
        drop(all_models, f"uploads/system/13/{number}.png", coloured(size, red=51 * number % 256))
    drop(all_models, "uploads/system/13/3a.png", b"no image")
    job = operations.start(all_models, Request(owner=SYSTEM, model="spots", key="uploads/system/13/"))
    _, receipt, files = finished(all_models, job)
    assert receipt["rows"] == {"read": 8, "scored": 7, "rejected": 1}
    assert keys(files) == [f"{number}.png" for number in range(7)]
    rows = csv.DictReader(io.StringIO(files["part-00000.csv"].decode()))
    scores = [[box[4] for box in json.loads(row["predicted_spots"])] for row in rows]
    assert scores == [
        [] if not red else [pytest.approx(red / 255, rel=0.01)] for red in (51 * n % 256 for n in range(7))
    ]


def test_boxes_of_images_in_parquet_have_no_padding(all_models: Cloud) -> None:
    for number, red in enumerate((0, 255)):
        drop(all_models, f"uploads/system/14/{number}.png", coloured((6, 4), red=red))
    options = Options(output="parquet")
    job = operations.start(all_models, Request(owner=SYSTEM, model="spots", key="uploads/system/14/", options=options))
    _, _, files = finished(all_models, job)
    table = parquet.read_table(io.BytesIO(files["part-00000.parquet"])).to_pydict()
    assert table["predicted_spots"] == [[], [[0.25, 0.25, 0.75, 0.5, 1.0, 0.375, 0.5]]]


def test_json_lines_of_images_of_different_sizes_are_all_scored(all_models: Cloud) -> None:
    images = [coloured(size, red=255) for size in ((6, 4), (30, 20), (6, 4), (1, 1), (1, 1))]
    rows = [json.dumps({"photo": base64.b64encode(image).decode()}) for image in images]
    job, receipt, files = scored(all_models, "spots", "photos.jsonl", "\n".join([*rows, '{"photo": "!"}']).encode())
    assert job.state == "done", job.reason
    assert receipt["rows"] == {"read": 6, "scored": 5, "rejected": 1}
    (part,) = [files[name_of(part)] for part in receipt["parts"]]
    assert [len(json.loads(line)["predicted_spots"]) for line in part.splitlines()] == [1] * 5


def coloured(size: tuple[int, int], *, red: int) -> bytes:
    """Return a PNG file of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, (red, 9, 9)).save(file, "PNG")
    return file.getvalue()


class _Truncating(BaseHTTPRequestHandler):
    """S3 whose connections break after the first bytes of an object."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"broken")

    def log_message(self, *_: Any) -> None:
        """Write no log."""


def test_fetched_objects_of_all_sizes_are_in_order(cloud: Cloud) -> None:
    contents = [bytes([number]) * (2_000_000 if number in {20, 21} else number) for number in range(50)]
    for number, content in enumerate(contents):
        cloud.s3.put_object(Bucket=cloud.bucket, Key=f"a/{number:02}.png", Body=content)
    sources = list(objects.list_objects(cloud, cloud.bucket, "a/"))
    cloud.s3.delete_object(Bucket=cloud.bucket, Key="a/30.png")
    found = list(fetched([*sources[:40], replace(sources[40], size=LARGEST_IMAGE + 1), *sources[41:]], cloud))
    assert [type(each) for each in found[30:41:10]] == [NotFound, TooLarge]
    assert [each for each in found if isinstance(each, bytes)] == [
        content for number, content in enumerate(contents) if number not in {30, 40}
    ]


def test_image_over_breaking_connection_is_not_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Truncating) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        cloud = Cloud("jobs", "", "", "", "", Storage(attempts=2), None, None)
        with pytest.raises(aws.ObjectsError):
            list(fetched([Source("jobs", "a/1.png", size=100)], cloud))
        server.shutdown()
