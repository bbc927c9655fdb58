"""A job into which faults are injected, and a check of its output.

Its file has nine rows, one of them invalid, in chunks of a few rows. Its columns are not in the model's order: reading
them by position would give other bytes. Nine images, one of them invalid, are in one folder and in two tar files.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow
from pyarrow import parquet

from lightship.jobs import inputs, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job
from lightship.jobs.ledger.requests import SYSTEM, Options, Request
from lightship.jobs.score import score
from lightship.jobs.score.score import Origin
from tests.jobs.clouds import drop
from tests.jobs.faults.cloud import Harness
from tests.jobs.faults.queues import Delivery
from tests.jobs.scoring import png
from tests.tars import packed

KEY = "uploads/me/plain.csv"
GZIP_KEY = "uploads/me/small.csv.gz"
PARQUET_KEY = "uploads/me/typed.parquet"
IMAGES_KEY = "uploads/me/images/"
TARS_KEY = "uploads/me/tars/"
COLUMNS = ("mean texture", "patient", "mean concavity", "mean radius")
POISON = 5

# Bytes of a chunk of three of the rows below.
CHUNK_BYTES = 60


def rows(poison: int = POISON) -> list[str]:
    """Return the rows; row ``poison`` (0: none) has a line break and no number."""
    good = [f"{10 + number},p{number},0.{number},{7 + number}.5" for number in range(9)]
    if poison:
        good[poison - 1] = '1,p,2,"not\na number"'
    return good


def data(poison: int = POISON) -> bytes:
    return "\n".join([",".join(COLUMNS), *rows(poison)]).encode() + b"\n"


def table() -> bytes:
    """Return the rows as Parquet, three per row group; the invalid one has a null."""
    cells = list(zip(*(row.split(",") for row in rows(0)), strict=True))
    columns = [[*map(float, column)] if number != 1 else list(column) for number, column in enumerate(cells)]
    columns[3][POISON - 1] = None
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(dict(zip(COLUMNS, columns, strict=True))), file, row_group_size=3)
    return file.getvalue()


def images() -> list[tuple[str, bytes]]:
    """Return the names and contents of the images."""
    return [(f"{number}.png", b"broken" if number == POISON - 1 else png(20 * number)) for number in range(9)]


class Case(NamedTuple):
    """A job: its input, its options and its model."""

    key: str
    options: Options
    model: str = "quickstart"


DATA = data()
CASES = {
    "three parts": Case(KEY, Options(chunk=CHUNK_BYTES)),
    "two parts": Case(KEY, Options(chunk=90)),
    "gzip to one file": Case(GZIP_KEY, Options(chunk=90, single=True)),
    "parquet": Case(PARQUET_KEY, Options(chunk=1)),
    "images": Case(IMAGES_KEY, Options(), "digits"),
    "tar files": Case(TARS_KEY, Options(chunk=3000), "digits"),
}


def upload_inputs(harness: Harness) -> None:
    """Put the inputs of the cases into the bucket."""
    for key, content in ((KEY, DATA), (GZIP_KEY, gzip.compress(DATA, mtime=0)), (PARQUET_KEY, table())):
        drop(harness.cloud, key, content)
    for name, content in images():
        drop(harness.cloud, IMAGES_KEY + name, content)
    for number, first in enumerate((0, 6)):
        drop(harness.cloud, f"{TARS_KEY}{number}.tar", packed(images()[first : first + 6]))


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: output, calls, failed messages, injected faults."""

    files: dict[str, bytes]
    calls: list[str]
    failures: int
    injected: int


def run_job(
    harness: Harness,
    form: str,
    planned: Mapping[int, str],
    rng: random.Random | None = None,
    skew: float = 0.0,
    *,
    cold: bool = False,
) -> Outcome:
    """Run the job with these faults until the queues are empty; it must be done.

    Its workers have loaded the model, so that their requests are the same in every run, unless they are ``cold``.
    """
    with harness.run(skew, rng) as (cloud, faults):
        job = start(harness, cloud, CASES[form])
        if cold:
            forget_models(cloud)
        else:
            score.load(Origin(cloud.registry, cloud.cache, cloud.transforms), job.model, job.version, job.digest)
        faults.planned = planned
        faults.immediate = rng is not None and rng.random() < 0.3
        delivery = Delivery(harness, cloud, faults, rng)
        delivery.drain({"schema": 1, "split": {"job": job.id}, "correlation": ""})
        calls = list(faults.calls)
        found = Ledger(cloud).jobs.find(job.id)
        assert found is not None
        assert found.state == "done"
        return Outcome(harness.output(), calls, delivery.failures, len(faults.injected))


def forget_models(cloud: Cloud) -> None:
    """Remove the models in memory and on disk."""
    score.load.cache_clear()
    assert cloud.cache.folder is not None
    shutil.rmtree(cloud.cache.folder, ignore_errors=True)


def start(harness: Harness, cloud: Cloud, case: Case) -> Job:
    source = inputs.find(harness.cloud, case.key)
    return starting.start(cloud, Request(SYSTEM, case.model, case.key, options=case.options), source)


def check_rows(files: dict[str, bytes], poison: int = POISON) -> None:
    """Check that every row of a table is once in the output or among the errors."""
    _check(files, "mean texture", [str(10 + number) for number in range(9)], poison)


def check_images(files: dict[str, bytes], prefix: str) -> None:
    """Check that every image is once in the output or among the errors."""
    _check(files, "key", [prefix + name for name, _ in images()], POISON)


def _check(files: dict[str, bytes], column: str, cells: list[str], poison: int) -> None:
    (key,) = [key for key in files if key.endswith("/receipt.json")]
    receipt = json.loads(files[key])
    texts = [files[part["key"]].decode() for part in receipt["parts"]]
    found = [row[column] for text in texts for row in csv.DictReader(io.StringIO(text))]
    errors = [json.loads(line)["row"] for part in receipt["errors"] for line in files[part["key"]].splitlines()]
    assert found == [cell for number, cell in enumerate(cells) if number != poison - 1]
    assert errors == [poison]
    assert receipt["rows"] == {"read": 9, "scored": 8, "rejected": 1}
