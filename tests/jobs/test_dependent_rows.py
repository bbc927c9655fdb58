"""Models whose rows depend on each other: jobs refuse them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.bundle import write_manifest
from lightship.errors import InvalidInput
from lightship.jobs import models, operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Chunk, Job, State
from lightship.jobs.ledger.requests import SYSTEM, Request, Source
from lightship.jobs.score import score
from lightship.jobs.split import plan
from lightship.registry.registry import Registry
from tests.bundles import Registries, republish
from tests.jobs.clouds import drop, push


@pytest.fixture
def dependent(cloud: Cloud, registries: Registries, tmp_path: Path) -> Cloud:
    """Return a cloud with ``centred``, a model of dependent rows by its manifest."""
    registry = Registry(str(tmp_path / "models"))
    with registry.staging() as staged:
        source = Registry(str(tmp_path / "copy"))
        republish(source, registries.small / "centred" / "1", "centred")
        bundle = source.open("centred")
        signatures = tuple(each._replace(independent_rows=False) for each in bundle.manifest.signatures)
        for file in bundle.path.iterdir():
            (staged / file.name).write_bytes(file.read_bytes())
        registry.publish("centred", write_manifest(staged, bundle.manifest._replace(signatures=signatures)))
    push(cloud.s3, tmp_path / "models", "centred")
    return cloud


def test_start_job_with_dependent_rows_is_refused(dependent: Cloud) -> None:
    drop(dependent, "uploads/system/1/rows.csv", b"1,2\n3,4\n")
    with pytest.raises(InvalidInput, match="'centred'"):
        operations.start(dependent, Request(owner=SYSTEM, model="centred", key="uploads/system/1/rows.csv"))


def test_uploaded_file_with_dependent_rows_is_failed_job(dependent: Cloud) -> None:
    assert plan.handle(drop(dependent, "batch/centred/input/rows.csv", b"1,2\n3,4\n"), dependent) == "failed"
    (job,) = operations.jobs(dependent, owner=SYSTEM)
    assert job.state == State.FAILED
    assert "depend on each other" in job.reason


def test_chunk_with_dependent_rows_is_refused(dependent: Cloud) -> None:
    digest = Registry(dependent.registry, cache=dependent.cache).bundle("centred", 1).digest
    job = Job("1", SYSTEM, "centred", 1, digest, Source("jobs", "rows.csv"), "csv")
    with pytest.raises(InvalidInput, match="'centred'"):
        score.score(job, Chunk("1", 0, 1, 2, 0, 8), dependent)


def test_model_with_independent_rows_is_pinned(cloud: Cloud) -> None:
    assert models.find(cloud, "quickstart").version == 1
