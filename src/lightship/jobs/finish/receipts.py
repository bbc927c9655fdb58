"""The receipt: lists every part of a job's output, written after all of them.

It contains nothing that differs between workers or times, so that every worker writes equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from lightship import formats
from lightship.errors import NotFound
from lightship.jobs import messages, models, objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import joins
from lightship.jobs.finish.joins import Upload
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Chunk, Job, Part, Result
from lightship.jobs.messages import Finish

SCHEMA = 1
RECEIPT = "receipt.json"
FAILURE = "failure.json"

# Chunks whose results are in memory at a time.
_BATCH = 64

_MEDIA_TYPE = "application/json"


def conclude(job: Job, cloud: Cloud, *, deadline: float = float("inf"), hops: int = 0) -> Job | None:
    """Seal a job whose chunks are all done, write its receipt and mark it done.

    Returns the job as it is stored, None where it does not exist. May be repeated. A failed or cancelled job gets no
    receipt. Joining the parts to one file stops at ``deadline``, in seconds of ``cloud.now``, and continues by a
    message with ``hops``.
    """
    ledger = Ledger(cloud)
    sealed = ledger.jobs.seal(job.id)
    if sealed is None or sealed.sealed is None:
        return sealed
    return _write(sealed, cloud, deadline, hops)


def _write(job: Job, cloud: Cloud, deadline: float, hops: int) -> Job | None:
    """Join the parts if the job asks for one file, and write the receipt."""
    ledger = Ledger(cloud)
    job = ledger.jobs.with_header(job)
    found = gather(job, ledger.chunks.all(job.id))
    columns = _columns(job, cloud)
    if job.options.single and not _join(job, found.outputs, columns, cloud, deadline):
        messages.send(cloud, Finish(job.id), correlation=job.correlation, hops=hops)
        return job
    objects.put_once(cloud, job.output + RECEIPT, receipt(job, found, columns), _MEDIA_TYPE)
    ledger.jobs.complete(job)
    return ledger.jobs.find(job.id)


@dataclass
class Outcome:
    """The outcome of a job's chunks: rows, parts, and counts of the metrics.

    ``missing`` has, for each chunk that a closed job leaves out, its ``first`` row, from 1, and its number of ``rows``.
    """

    rows: int = 0
    rejected: int = 0
    outputs: list[Part] = field(default_factory=list)
    errors: list[Part] = field(default_factory=list)
    missing: list[Mapping[str, int]] = field(default_factory=list)
    metrics: Mapping[str, Any] = field(default_factory=dict)


def gather(job: Job, chunks: Iterable[Chunk]) -> Outcome:
    """Add up a job's chunks in order, a few at a time: counts take up to 100 KB each.

    The counts are imported here, because only the function that scores has numpy.
    """
    from lightship.jobs.score import counting

    found, left_out, rest = Outcome(), set(job.sealed or ()), iter(chunks)
    while batch := list(islice(rest, _BATCH)):
        results = [chunk.result for chunk in batch if chunk.result and chunk.index not in left_out]
        found.missing += [{"first": chunk.first, "rows": chunk.rows} for chunk in batch if chunk.index in left_out]
        found.rows += sum(result.rows for result in results)
        found.rejected += sum(result.rejected for result in results)
        found.outputs += _parts(results, "output")
        found.errors += _parts(results, "errors")
        found.metrics = counting.merge([found.metrics, *(result.metrics for result in results)])
    return found


def receipt(job: Job, found: Outcome, columns: Sequence[str]) -> bytes:
    """Return the bytes of a receipt."""
    from lightship.jobs.score import counting

    record: dict[str, Any] = {
        "schema": SCHEMA,
        "job": job.id,
        "model": {"name": job.model, "version": job.version, "digest": job.digest},
        "input": asdict(job.source),
        "options": asdict(job.options),
        "correlation": job.correlation,
        "format": job.output_format,
        "columns": list(columns),
        "complete": not found.missing,
        "rows": {"read": found.rows, "scored": found.rows - found.rejected, "rejected": found.rejected},
        "parts": [{"key": single_key(job)}] if job.options.single else [asdict(part) for part in found.outputs],
        "errors": [asdict(part) for part in found.errors],
    }
    if found.missing:
        record["missing"] = found.missing
    if figures := counting.figures(found.metrics):
        record["metrics"] = figures
    return json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def write_failure(job: Job, cloud: Cloud) -> None:
    """Write ``failure.json`` with the reason of a failed job below its output prefix.

    Readers of receipts do not see it: only done and closed jobs have a ``receipt.json``.
    """
    record = {"job": job.id, "state": job.state, "reason": job.reason, "input": asdict(job.source)}
    data = json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    objects.put_once(cloud, job.output + FAILURE, data, _MEDIA_TYPE)


def single_key(job: Job) -> str:
    """Return the key of the one file with all predictions."""
    return f"{job.output}predictions{formats.named(job.output_format).SUFFIXES[0]}"


def part_key(job: Job, index: int) -> str:
    """Return the key of a chunk's predictions.

    Parts that are joined to one file are below the scratch prefix.
    """
    prefix = job.work if job.options.single else job.output
    return f"{prefix}part-{index:05}{formats.named(job.output_format).SUFFIXES[0]}"


def errors_key(job: Job, index: int) -> str:
    """Return the key of a chunk's rejected rows."""
    return f"{job.output}errors/part-{index:05}.jsonl"


def _parts(results: Sequence[Result], content: str) -> list[Part]:
    return [result.parts[content] for result in results if content in result.parts]


def _columns(job: Job, cloud: Cloud) -> tuple[str, ...]:
    """Return the output's columns: the input's, then the predictions'.

    Imported here, because only the function that scores has the packages.
    """
    from lightship.bundle import Manifest
    from lightship.jobs.files.contents import own_columns
    from lightship.jobs.files.predictions import names

    signature = Manifest.from_bytes(models.manifest(cloud, job.model, job.version)).signature()
    own = own_columns(job, signature)
    return (*own, *names(signature, own))


def _join(job: Job, outputs: Sequence[Part], columns: Sequence[str], cloud: Cloud, deadline: float) -> bool:
    """Join a job's parts to one file; return False where that must be continued.

    That is where the deadline passed, or S3 no longer had the upload and another one was begun.
    """
    ledger, output, target = Ledger(cloud), formats.named(job.output_format), single_key(job)
    ledger.jobs.touch(job.id)
    sizes = {part.key: part.bytes for part in outputs}
    preamble = output.preamble(columns, safe=job.options.safe)
    upload = job.upload or ledger.jobs.put_upload(job.id, joins.begin(cloud, target, output.MEDIA_TYPE), lost="")
    try:
        return joins.join(cloud, sizes, Upload(target, upload, job.work, preamble), deadline=deadline)
    except NotFound:
        ledger.jobs.put_upload(job.id, joins.begin(cloud, target, output.MEDIA_TYPE), lost=upload)
        return False
