"""The example faces: the package's own boxes, images of any form, and a job."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import matplotlib
import numpy as np
import pytest
from PIL import Image

from lightship.jobs import operations
from lightship.jobs.ledger.requests import SYSTEM, Request
from lightship.jobs.score import score
from lightship.settings import TransformSettings
from tests.cli.test_serve import running
from tests.conftest import ROOT
from tests.jobs.clouds import drop, moto_cloud
from tests.jobs.scoring import finished

REGISTRY = ROOT / "build" / "examples" / "applications"
DATA = ROOT / "build" / "examples" / "data"
PHOTOGRAPHS = ROOT / "build" / "examples" / "faces"

# Differences between the package's boxes and ours, whose pixels are scaled in another order.
LEAST_SHARED = 0.99
MOST_POINTS = 0.005
MOST_SCORE = 0.01


def photographs() -> dict[str, Image.Image]:
    """Return photographs of two persons in several sizes and forms, and some of none."""
    hopper = Image.open(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB")
    astronaut = Image.open(DATA / "skimage" / "data" / "astronaut.png").convert("RGB")
    both = Image.new("RGB", (1100, 620))
    both.paste(astronaut, (0, 0))
    both.paste(hopper, (560, 9))
    found = {"both": both, "coffee": Image.open(DATA / "skimage" / "data" / "coffee.png").convert("RGB")}
    for name, image in (("hopper", hopper), ("astronaut", astronaut)):
        found[name] = image
        found[f"{name}-small"] = image.resize((100, 100 * image.height // image.width))
        found[f"{name}-large"] = image.resize((1999, 1999 * image.height // image.width))
        found[f"{name}-turned"] = image.rotate(-20, expand=True)
    found["wide"] = astronaut.crop((0, 0, 512, 200))
    found["tall"] = astronaut.crop((150, 0, 301, 512))
    found["no-face"] = astronaut.crop((0, 260, 300, 512))
    return found


FORMS = ("", "-small", "-large", "-turned")
NAMES = [f"{name}{form}" for name in ("hopper", "astronaut") for form in FORMS]
NAMES += ["both", "coffee", "wide", "tall", "no-face"]


@pytest.fixture(scope="module")
def images() -> dict[str, Image.Image]:
    assert (REGISTRY / "faces" / "state.json").exists(), "not compiled: run `make examples`"
    return photographs()


@pytest.fixture(scope="module")
def package(images: dict[str, Image.Image], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the faces that the package finds in each photograph."""
    folder = tmp_path_factory.mktemp("photographs")
    for name, image in images.items():
        image.save(folder / f"{name}.png", compress_level=1)
    command = [sys.executable, "-m", "tests.examples.package_faces", str(folder), str(DATA)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def address(images: dict[str, Image.Image]) -> Iterator[str]:
    with running("serve", "--registry", str(REGISTRY), "--transforms", "faces") as (_, url):
        yield f"{url}/models/faces/predict"


def encoded(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def faces(address: str, body: bytes, media_type: str = "image/png") -> list[dict[str, Any]]:
    answer = httpx.post(address, content=body, headers={"content-type": media_type}, timeout=60)
    assert answer.status_code == 200, answer.text
    (row,) = answer.json()["boxes"]
    return row


def shared(one: list[float], other: list[float]) -> float:
    """Return the area that two boxes share, as a fraction of the area of both."""
    (top, left, bottom, right), (upper, first, lower, last) = one, other
    common = max(0.0, min(bottom, lower) - max(top, upper)) * max(0.0, min(right, last) - max(left, first))
    return common / ((bottom - top) * (right - left) + (lower - upper) * (last - first) - common)


@pytest.mark.parametrize("name", NAMES)
def test_faces_equal_those_of_package(
    name: str, images: dict[str, Image.Image], package: dict[str, Any], address: str
) -> None:
    found, expected = faces(address, encoded(images[name], compress_level=1)), package[name]
    assert len(found) == len(expected) == {"both": 2, "coffee": 0, "no-face": 0}.get(name, 1)
    for ours, theirs in zip(found, expected, strict=True):
        assert shared(ours["box"], theirs["box"]) >= LEAST_SHARED
        assert ours["score"] == pytest.approx(theirs["score"], abs=MOST_SCORE)
        np.testing.assert_allclose(list(ours["points"].values()), theirs["points"], atol=MOST_POINTS)
    assert set(package) == set(NAMES)


@pytest.mark.parametrize(
    ("mode", "file_format", "media_type"),
    [("L", "PNG", "image/png"), ("RGBA", "PNG", "image/png"), ("CMYK", "JPEG", "image/jpeg")],
)
def test_faces_of_other_modes_are_found(
    mode: str, file_format: str, media_type: str, images: dict[str, Image.Image], address: str
) -> None:
    body = encoded(images["astronaut"].convert(mode), file_format)
    as_rgb = encoded(Image.open(io.BytesIO(body)).convert("RGB"))
    assert faces(address, body, media_type) == faces(address, as_rgb) != []


def test_faces_of_turned_camera_are_upright(images: dict[str, Image.Image], address: str) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    body = encoded(images["hopper"].rotate(90, expand=True), exif=turned)
    assert faces(address, body) == faces(address, encoded(images["hopper"]))


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (7000, 60)])
def test_image_of_extreme_size_has_no_faces(size: tuple[int, int], address: str) -> None:
    assert faces(address, encoded(Image.new("RGB", size, "grey"))) == []


def png_header(side: int) -> bytes:
    """Return the start of a PNG file that declares a large image."""
    data = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + data + struct.pack(">I", zlib.crc32(data)) + b"\0\0\1\0IDAT"


@pytest.mark.parametrize(
    ("body", "status", "named"), [(b"no image", 400, "PNG or JPEG"), (png_header(20_000), 413, "25 megapixels")]
)
def test_body_without_image_is_refused(body: bytes, status: int, named: str, address: str) -> None:
    answer = httpx.post(address, content=body, headers={"content-type": "image/png"})
    assert (answer.status_code, named in answer.json()["error"]["message"]) == (status, True)


def test_rows_of_one_size_equal_single_answers(images: dict[str, Image.Image], address: str) -> None:
    bodies = [encoded(images[name].resize((300, 300))) for name in ("hopper", "coffee", "astronaut")]
    rows = [base64.b64encode(body).decode() for body in bodies]
    together = httpx.post(address, json={"input": rows}, timeout=60).json()["boxes"]
    assert together == [faces(address, body) for body in bodies]
    assert [len(row) for row in together] == [1, 0, 1]


def test_job_over_folder_of_photographs_finds_faces_of_each(
    images: dict[str, Image.Image], address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIGHTSHIP_CACHE", str(tmp_path / "cache"))
    score.load.cache_clear()
    paths = sorted(PHOTOGRAPHS.iterdir())
    with moto_cloud(REGISTRY, "faces") as made:
        cloud = dataclasses.replace(made, transforms=TransformSettings(("faces",), ROOT / "transforms", 30.0))
        for path in paths:
            drop(cloud, f"uploads/system/1/{path.name}", path.read_bytes())
        job = operations.start(cloud, Request(owner=SYSTEM, model="faces", key="uploads/system/1/"))
        job, receipt, files = finished(cloud, job)
    assert job.state == "done", job.reason
    assert receipt["rows"] == {"read": 5, "scored": 5, "rejected": 0}
    rows = list(csv.DictReader(io.StringIO(files["part-00000.csv"].decode())))
    boxes = {Path(row["key"]).name: json.loads(row["predicted_faces"]) for row in rows}
    media = {".png": "image/png", ".jpg": "image/jpeg"}
    for path in paths:
        single = faces(address, path.read_bytes(), media[path.suffix])
        np.testing.assert_allclose([box[:5] for box in boxes[path.name]], [[*e["box"], e["score"]] for e in single])
    assert {name: len(found) for name, found in boxes.items()} == {
        "astronaut.jpg": 1,
        "coffee.jpg": 0,
        "portrait.png": 1,
        "turned.jpg": 1,
        "twice.jpg": 2,
    }
