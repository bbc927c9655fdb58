"""Files that a job of the system scores in one process, and what becomes of them."""

from __future__ import annotations

import io
import json
from typing import Any

from PIL import Image

from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import SYSTEM, Options, Request
from tests.jobs.clouds import drop, objects_below
from tests.jobs.workers import run


def scored(cloud: Cloud, model: str, name: str, data: bytes, **options: Any) -> tuple[Job, dict, dict[str, bytes]]:
    """The job, its receipt and its files by the end of their names."""
    key = f"uploads/system/1/{name}"
    drop(cloud, key, data)
    job = operations.start(cloud, Request(owner=SYSTEM, model=model, key=key, options=Options(**options)))
    return finished(cloud, job)


def finished(cloud: Cloud, job: Job) -> tuple[Job, dict, dict[str, bytes]]:
    run(cloud)
    job = operations.status(cloud, owner=SYSTEM, job=job.id).job
    files = {key.removeprefix(job.output): data for key, data in objects_below(cloud, job.output).items()}
    return job, json.loads(files.get("receipt.json", b"{}")), files


def name_of(part: dict[str, Any]) -> str:
    """A part of a receipt, as in the names of the files."""
    return "/".join(part["key"].split("/")[4:])


def picture(shade: int) -> bytes:
    """A PNG file of one shade of grey."""
    file = io.BytesIO()
    Image.new("L", (16, 16), shade).save(file, "PNG")
    return file.getvalue()
