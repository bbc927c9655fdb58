"""Memory of scoring the largest chunk.

``python -m tests.jobs.largest_chunk MODEL FORM`` prints the number of rows and the peak in MiB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import parquet as arrow_parquet

from lightship.formats import parquet
from lightship.formats.base import Header
from lightship.jobs.files.csv import Table
from lightship.jobs.files.parquet import Columnar
from lightship.jobs.files.predictions import names, predict
from lightship.jobs.ledger.records import Chunk, Job
from lightship.jobs.ledger.requests import LARGEST_CHUNK, Source
from lightship.model import Model
from lightship.tensors import Signature

COLUMNS = ("mean radius", "mean texture", "mean concavity")
ROW = b"12.3456,20.1234,0.12345\n"


def main(path: str, form: str) -> None:
    model = Model.open(Path(path))
    signature = model.manifest.signature()
    job = Job("job", "ann", "quickstart", 1, "", Source("bucket", "key"), form, header=Header(COLUMNS))
    content = row_group(job, signature) if form == "parquet" else text(job, signature)
    prepared = content.prepare()
    scored = predict(model, prepared)
    data = content.write(scored, names(signature, content.columns))
    assert data
    print(len(scored.positions), peak())


def peak() -> int:
    """Return the peak resident memory in MiB.

    Not ru_maxrss, which begins with the parent's value.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))


def row_group(job: Job, signature: Signature) -> Columnar:
    """Return as many rows of three equal numbers as a row group may have.

    Compressed in the file, they take almost no bytes.
    """
    rows = parquet.LARGEST_GROUP // 8 // len(COLUMNS)
    with tempfile.TemporaryFile() as file:
        table = pyarrow.table(dict.fromkeys(COLUMNS, pyarrow.array(np.full(rows, 1.5))))
        arrow_parquet.write_table(table, file, row_group_size=rows)
        del table
        _, (span,) = parquet.plan(file, target=LARGEST_CHUNK)
        found, damage = parquet.table(file, span)
    assert damage is None
    return Columnar(found, [], job, signature)


def text(job: Job, signature: Signature) -> Table:
    """Return rows of numbers; the last one is invalid, so that rows are parsed singly."""
    rows = LARGEST_CHUNK // len(ROW)
    return Table(ROW * (rows - 1) + b"x,1,2\n", job, Chunk("job", 0, 1, rows), signature)


if __name__ == "__main__":
    main(*sys.argv[1:])
