"""A model with a transform in batch jobs: formats, rejected rows, hanging calls."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.errors import TransformTimeout, Unavailable
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import SYSTEM, Request
from lightship.jobs.score import score
from lightship.jobs.split import plan
from lightship.registry.registry import Registry
from lightship.settings import NO_TRANSFORMS
from tests.bundles import Registries
from tests.jobs.clouds import drop, moto_cloud
from tests.jobs.scoring import finished, name_of, scored
from tests.jobs.workers import run
from tests.transforms.models import allowed, closed_gate, publish


@pytest.fixture(scope="module")
def models(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transformed") / "models"
    publish(Registry(str(folder)), registries.small)
    return folder


@pytest.fixture
def cloud(models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cloud]:
    monkeypatch.setenv("LIGHTSHIP_CACHE", str(tmp_path / "cache"))
    score.load.cache_clear()
    with moto_cloud(models, "priced") as made:
        yield dataclasses.replace(made, transforms=allowed(tmp_path / "code"))


def lines(*rows: list[str]) -> bytes:
    return b"".join(json.dumps({"amounts": row}).encode() + b"\n" for row in rows)


def rejects(files: dict[str, bytes], receipt: dict) -> dict[int, str]:
    records = [json.loads(line) for part in receipt["errors"] for line in files[name_of(part)].splitlines()]
    return {record["row"]: record["reason"] for record in records}


def test_job_of_json_lines_runs_transform(cloud: Cloud) -> None:
    job, receipt, files = scored(cloud, "priced", "rows.jsonl", lines(["1,5", "4"], ["100", "0,5"]))
    assert job.state == "done", job.reason
    rows = [json.loads(line) for line in files[name_of(receipt["parts"][0])].splitlines()]
    assert [row["predicted_label"] for row in rows] == ["n\u00f6", "hoch"]
    assert [row["predicted_y_1"] for row in rows] == [8.0, 1.0]


def test_job_of_csv_rejects_failing_rows_only(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    data = "amounts_0,amounts_1\n1,2\nx,1\n3,4\nraise,1\n5,float64\nraise,2\n7,8\n"
    with caplog.at_level(logging.ERROR):
        job, receipt, files = scored(cloud, "priced", "rows.csv", data.encode())
    assert (job.state, receipt["rows"]) == ("done", {"read": 7, "scored": 3, "rejected": 4})
    reasons = rejects(files, receipt)
    assert sorted(reasons) == [2, 4, 5, 6]
    assert reasons[2] == "'x' is not an amount"
    assert ("ValueError" in reasons[4], "secret" in reasons[4], "float32" in reasons[5]) == (True, False, True)
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(logged) == 1  # one traceback for each chunk
    assert logged[0].exc_info is not None


def test_job_with_hanging_transform_keeps_rows_for_next_attempt(cloud: Cloud, tmp_path: Path) -> None:
    drop(cloud, "uploads/system/1/rows.jsonl", lines(["1", "2"], ["hang", "1"]))
    job = operations.start(cloud, Request(owner=SYSTEM, model="priced", key="uploads/system/1/rows.jsonl"))
    plan.handle(cloud.sqs.sent.pop(0)[1], cloud)
    ((_, chunk),) = cloud.sqs.sent
    hasty = dataclasses.replace(cloud, transforms=allowed(tmp_path / "code", seconds=0.1))
    with closed_gate(), pytest.raises(TransformTimeout):
        score.handle(chunk, hasty)
    _, receipt, _ = finished(cloud, job)  # delivers the chunk again
    assert receipt["rows"] == {"read": 2, "scored": 2, "rejected": 0}


def test_job_without_allowed_transform_is_retried(cloud: Cloud) -> None:
    drop(cloud, "uploads/system/1/rows.jsonl", lines(["1", "2"]))
    operations.start(cloud, Request(owner=SYSTEM, model="priced", key="uploads/system/1/rows.jsonl"))
    with pytest.raises(Unavailable, match="LIGHTSHIP_TRANSFORMS"):
        run(dataclasses.replace(cloud, transforms=NO_TRANSFORMS))
