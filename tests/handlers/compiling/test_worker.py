"""The compile worker, with URLs that are signed as the broker signs them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lightship.errors import InvalidInput, Unavailable
from lightship.handlers.compiling import quarantine, source_files, transfers, worker
from lightship.handlers.compiling.job import Download, Job, Upload
from tests.emulator import EXAMPLES, ROOT
from tests.handlers.conftest import Cloud

CLAIM = "0123456789abcdef"
TFLITE = (EXAMPLES / "quickstart" / "1" / "model.tflite").read_bytes()

Make = Callable[..., Job]


@pytest.fixture
def make(cloud: Cloud) -> Make:
    """Return a function that uploads a file, and model.yaml, and returns its job."""

    def put(key: str, body: bytes) -> Download:
        found = cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=body)
        parameters = {"Bucket": cloud.bucket, "Key": key, "VersionId": found["VersionId"], "IfMatch": found["ETag"]}
        return source_files.sign(cloud.s3, parameters, 60)

    def job(key: str, body: bytes, config: bytes | None = None) -> Job:
        return Job(
            bucket=cloud.bucket,
            key=key,
            size=len(body),
            source=put(key, body),
            config=None if config is None else put("incoming/model.yaml", config),
            upload=quarantine.upload(cloud.s3, cloud.bucket, CLAIM, 60),
            largest=quarantine.LARGEST,
            seconds=300.0,
            correlation="test",
        )

    return job


@pytest.fixture
def answered(cloud: Cloud, tmp_path: Path) -> Callable[[], Any]:
    """Return a function that returns the worker's uploaded answer."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    return lambda: quarantine.collect(cloud.s3, cloud.bucket, CLAIM, folder)


def work(job: Job) -> int:
    return worker.work(Job.from_json(json.loads(json.dumps(job.to_json()))), lambda: 600.0)


def test_worker_file_larger_than_disk_is_refused(make: Make, answered: Callable[[], Any]) -> None:
    work(replace(make("incoming/churn.tflite", TFLITE), size=10**18))
    assert answered().code == "too_large"


def test_worker_bundle_larger_than_allowed_is_refused(make: Make, answered: Callable[[], Any]) -> None:
    work(replace(make("incoming/churn.tflite", TFLITE), largest=1000))
    assert answered().code == "too_large"


@pytest.mark.parametrize("config", [b"name: other", b"nmae: churn", b"name: [", b"#" * (1024 * 1024 + 100)])
def test_worker_bad_model_yaml_is_refused(make: Make, answered: Callable[[], Any], config: bytes) -> None:
    work(make("incoming/churn.tflite", TFLITE, config))
    answer = answered()
    assert answer.code in {"compile_failed", "source_refused"}
    assert "/tmp" not in answer.reason


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")
def test_fetch_disk_full_raises_unavailable(make: Make) -> None:
    job = make("incoming/churn.tflite", TFLITE)
    with pytest.raises(Unavailable):
        transfers.fetch(job.source, Path("/dev/full"), limit=job.size)


def test_worker_file_replaced_after_signing_reads_signed_version(
    make: Make, cloud: Cloud, answered: Callable[[], Any]
) -> None:
    job = make("incoming/churn.tflite", b"not a model")
    cloud.s3.put_object(Bucket=cloud.bucket, Key="incoming/churn.tflite", Body=TFLITE)
    work(job)
    assert answered().code == "source_refused"  # the signed version is not a model


@pytest.mark.parametrize("broken", ["gone", "no server", "upload"])
def test_worker_failed_transfer_raises_unavailable_without_url(make: Make, cloud: Cloud, broken: str) -> None:
    job = make("incoming/churn.tflite", b"not a model")
    unreachable = "http://127.0.0.1:9/secret?X-Amz-Signature=secret"
    if broken == "gone":
        job = replace(job, source=Download(job.source.url.replace("churn", "secret")))
    elif broken == "upload":
        job = replace(job, upload=Upload(unreachable, job.upload.fields))
    else:
        job = replace(job, source=Download(unreachable))
    with pytest.raises(Unavailable) as found:
        work(job)
    assert "secret" not in str(found.value)
    assert found.value.__suppress_context__ or found.value.__context__ is None


def test_job_repr_has_no_signed_url(make: Make) -> None:
    job = make("incoming/churn.tflite", TFLITE, b"name: churn")
    assert "Signature" not in repr(job)
    assert "Signature" in json.dumps(job.to_json())


@pytest.mark.parametrize("record", [None, [], {}, {"schema": 2}, {"schema": 1, "bucket": "b"}])
def test_job_malformed_payload_is_invalid(record: Any) -> None:
    with pytest.raises(InvalidInput):
        Job.from_json(record)


def test_job_example_event_is_valid() -> None:
    job = Job.from_json(json.loads((ROOT / "events" / "compile-worker.json").read_text()))
    assert job.key == "incoming/quickstart.keras"
