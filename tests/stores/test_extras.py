"""Files that no prediction needs: their first use, in a folder and in S3."""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import boto3
import numpy as np
import orjson
import pytest

from lightship.bundle import (
    BASELINE,
    EXACT,
    EXPLAIN,
    EXTRAS,
    GOLDEN,
    REPORT,
    Bundle,
    digest_file,
    digests,
    write_manifest,
)
from lightship.errors import BundleError
from lightship.explain.compiled import Gradient
from lightship.explain.exact import COEFFICIENTS, Entry, Linear, storage
from lightship.explain.features.baseline import write_baseline
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.serving.serving import Options
from lightship.settings import CacheSettings
from tests.bundles import Registries, republish
from tests.serve import Answers

BODY = b'{"input": [[1, 2]]}'

_OPENED: list[str] = []
sys.addaudithook(lambda event, arguments: _OPENED.append(str(arguments[0])) if event == "open" else None)


class Place(NamedTuple):
    """A registry, and what was read of it."""

    registry: Registry
    write: Callable[[str, bytes], None]
    reads: Callable[[], Counter[str]]
    clear: Callable[[], None]


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Place:
    if request.param == "folder":
        return folder_place(tmp_path / "models")
    bucket = request.getfixturevalue("bucket")  # first: a server that starts sets the level of its log
    caplog.set_level(logging.INFO, "werkzeug")
    return s3_place(bucket, caplog)


def folder_place(root: Path) -> Place:
    def reads() -> Counter[str]:
        return Counter(path.removeprefix(f"{root}/") for path in _OPENED if path.startswith(f"{root}/"))

    return Place(Registry(str(root)), lambda key, content: _write(root / key, content), reads, _OPENED.clear)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def s3_place(bucket: str, caplog: pytest.LogCaptureFixture) -> Place:
    def reads() -> Counter[str]:
        requests = [record.getMessage().split('"')[1].split() for record in caplog.records if record.name == "werkzeug"]
        return Counter(path.removeprefix(f"/{bucket}/") for verb, path, _ in requests if verb.endswith("GET"))

    def write(key: str, content: bytes) -> None:
        client = boto3.client("s3")
        client.put_object(Bucket=bucket, Key=key, Body=content)
        client.close()

    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    return Place(registry, write, reads, caplog.clear)


@pytest.fixture
def exact(registries: Registries, tmp_path: Path) -> Path:
    """Return a bundle with coefficients, a baseline and a report."""
    bundle = Bundle.open(registries.small / "modes" / "1").copy(_made(tmp_path / "exact"))
    linear = Linear(np.eye(2) * 2, np.zeros(2), np.zeros(2))
    storage.write(bundle.path, linear, np.array([0, 1]))
    write_baseline(bundle.path, {bundle.manifest.signature(): {"x": np.float32([[1, 2]])}})
    (bundle.path / REPORT).write_bytes(b"{}")
    return _finished(bundle, Entry("", COEFFICIENTS, "y", 2, "output").to_json())


@pytest.fixture
def gradient(registries: Registries, tmp_path: Path) -> Path:
    """Return a bundle whose explain.tflite is not a gradient."""
    bundle = Bundle.open(registries.small / "modes" / "1").copy(_made(tmp_path / "gradient"))
    (bundle.path / EXPLAIN).write_bytes((bundle.path / "model.tflite").read_bytes())
    return _finished(bundle, Gradient("", ("x",), {"y": 2}, points=8, steps=32).to_json())


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _finished(bundle: Bundle, entry: dict[str, object]) -> Path:
    return write_manifest(bundle.path, bundle.manifest._replace(explain=entry, files=digests(bundle.path))).path


def post(answers: Answers, operation: str) -> Response:
    return answers.answer(Request("POST", f"/models/modes/{operation}", body=BODY, caller="me"))


def test_cold_start_reads_no_extra(place: Place, exact: Path) -> None:
    republish(place.registry, exact, "modes")
    place.clear()
    answers = Answers(place.registry, Options(refresh=3600))
    assert post(answers, "predict").status == 200
    reads = place.reads()
    assert reads["modes/1/model.tflite"] >= 1
    assert not {key for key in reads if key.removeprefix("modes/1/") in EXTRAS}
    place.clear()
    assert post(answers, "explain").status == 200
    first = place.reads()
    assert {key for key, count in first.items() if count} == {f"modes/1/{EXACT}", f"modes/1/{BASELINE}"}
    place.clear()
    assert post(answers, "explain").status == 200
    assert not place.reads()


def test_load_with_batching_reads_golden_examples_only(place: Place, exact: Path) -> None:
    republish(place.registry, exact, "modes")
    place.clear()
    answers = Answers(place.registry, Options(refresh=3600), threads=1)
    try:
        assert post(answers, "predict").status == 200
    finally:
        answers.close()
    read = {key.removeprefix("modes/1/") for key in place.reads()} & EXTRAS
    assert read == {GOLDEN}


@pytest.mark.parametrize("content", [b"changed", b""])
def test_changed_explanation_is_refused_and_predict_answers(place: Place, gradient: Path, content: bytes) -> None:
    republish(place.registry, gradient, "modes")
    place.write(f"modes/1/{EXPLAIN}", content)
    answers = Answers(place.registry, Options(refresh=3600))
    assert post(answers, "predict").status == 200
    for _ in range(2):
        refused = post(answers, "explain")
        assert refused.status == 503
        assert f"modes/1/{EXPLAIN}" in orjson.loads(refused.body)["error"]["message"]
        assert post(answers, "predict").status == 200


def test_explanation_repaired_after_refusal_is_read_again(place: Place, exact: Path) -> None:
    republish(place.registry, exact, "modes")
    place.write(f"modes/1/{EXACT}", b"changed")
    answers = Answers(place.registry, Options(refresh=3600))
    assert post(answers, "explain").status == 503
    place.write(f"modes/1/{EXACT}", (exact / EXACT).read_bytes())
    assert post(answers, "explain").status == 200


def test_explanation_removed_after_load_is_named(bucket: str, exact: Path) -> None:
    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    republish(registry, exact, "modes")
    answers = Answers(registry, Options(refresh=3600))
    assert post(answers, "predict").status == 200
    client = boto3.client("s3")
    client.delete_object(Bucket=bucket, Key=f"modes/1/{EXACT}")
    client.close()
    refused = post(answers, "explain")
    assert refused.status == 503
    assert f"modes/1/{EXACT}" in orjson.loads(refused.body)["error"]["message"]
    assert post(answers, "predict").status == 200


def test_explanation_of_replaced_folder_is_refused(exact: Path, gradient: Path, tmp_path: Path) -> None:
    registry = Registry(str(tmp_path / "models"))
    republish(registry, exact, "modes")
    answers = Answers(registry, Options(refresh=3600))
    assert post(answers, "predict").status == 200
    (tmp_path / "models" / "modes" / "1").rename(tmp_path / "replaced")
    gradient.rename(tmp_path / "models" / "modes" / "1")
    refused = post(answers, "explain")
    assert refused.status == 503
    assert f"modes/1/{EXACT}" in orjson.loads(refused.body)["error"]["message"]


def test_explanation_of_withdrawn_version_is_not_found(place: Place, exact: Path) -> None:
    republish(place.registry, exact, "modes")
    republish(place.registry, exact, "modes")
    answers = Answers(place.registry, Options(refresh=0))
    versioned = Request("POST", "/models/modes/versions/1/explain", body=BODY, caller="me")
    assert answers.answer(versioned).status == 200
    place.registry.change("modes", lambda state: state.withdraw(1))
    assert answers.answer(versioned).status == 404


def test_concurrent_first_uses_download_once(bucket: str, exact: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "werkzeug")
    place = s3_place(bucket, caplog)
    republish(place.registry, exact, "modes")
    bundle = place.registry.open("modes")
    place.clear()
    together = threading.Barrier(4)

    def use(_: int) -> Path:
        together.wait(30)
        return bundle.file(EXACT)

    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(use, range(4)))
    assert len(paths) == 1
    assert digest_file(paths.pop()) == bundle.manifest.files[EXACT]
    assert place.reads() == {f"modes/1/{EXACT}": 1}


def test_extra_removed_from_cache_is_downloaded_again(bucket: str, exact: Path) -> None:
    registry = Registry(f"s3://{bucket}", cache=CacheSettings.from_environment())
    republish(registry, exact, "modes")
    bundle = registry.open("modes")
    path = bundle.file(EXACT)
    for damage in (path.unlink, lambda: path.write_bytes(b"changed")):
        damage()
        assert digest_file(registry.open("modes").file(EXACT)) == bundle.manifest.files[EXACT]


def test_manifest_with_path_as_digest_is_refused(bucket: str, exact: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    manifest = orjson.loads((exact / "manifest.json").read_bytes())
    manifest["files"][EXACT] = "../../victim"
    client = boto3.client("s3")
    client.put_object(Bucket=bucket, Key="modes/1/manifest.json", Body=orjson.dumps(manifest))
    client.close()
    with pytest.raises(BundleError, match="victim"):
        Registry(f"s3://{bucket}", cache=CacheSettings.from_environment()).bundle("modes", 1)
    assert (tmp_path / "victim").is_dir()


def test_copy_has_every_file(place: Place, exact: Path, tmp_path: Path) -> None:
    republish(place.registry, exact, "modes")
    copied = place.registry.open("modes").copy(_made(tmp_path / "copy"))
    assert Bundle.open(copied.path).digest == Bundle.open(exact).digest
