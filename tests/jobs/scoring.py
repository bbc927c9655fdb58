"""Score files in one process by jobs of the system, and return their output."""

from __future__ import annotations

import csv
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

# Rows of the example model ``quickstart``, and the columns of its predictions.
COLUMNS = ["mean radius", "mean texture", "mean concavity"]
CELLS = [[10.5, 20.0, 0.1], [20.5, 30.0, 0.4], [8.25, 11.0, 0.0]]
PREDICTED = ["predicted_malignancy", "probability_benign", "probability_malignant"]


def scored(cloud: Cloud, model: str, name: str, data: bytes, **options: Any) -> tuple[Job, dict, dict[str, bytes]]:
    """Return the job, its receipt, and its files by the rest of their keys."""
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
    """Return the name of a receipt's part among the files."""
    return "/".join(part["key"].split("/")[4:])


def png(shade: int) -> bytes:
    """Return a PNG file of one shade of grey."""
    file = io.BytesIO()
    Image.new("L", (16, 16), shade).save(file, "PNG")
    return file.getvalue()


def as_csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def probabilities(data: bytes) -> list[float]:
    return [round(float(row["probability_malignant"]), 5) for row in csv.DictReader(io.StringIO(data.decode()))]
