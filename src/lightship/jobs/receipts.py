"""The receipt: what a job's readers trust. It names every part and is written when all of them are there.

It holds nothing that differs between two workers or two moments, so that it has equal bytes whoever writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lightship import formats
from lightship.errors import NotFound
from lightship.jobs import joins, messages, metrics, objects, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger import Ledger
from lightship.jobs.records import Chunk, Job

SCHEMA = 1
RECEIPT = "receipt.json"
FAILURE = "failure.json"
_MEDIA_TYPE = "application/json"


def conclude(job: Job, cloud: Cloud, *, deadline: float = float("inf")) -> Job | None:
    """Seal a job whose chunks are all done, write its receipt, and say that it is done; returns it as it stands.

    Anybody may do it, and again. A job that was failed or cancelled before gets no receipt. One file is made for as
    long as ``deadline`` (seconds of ``cloud.now``) says, and goes on by a message.
    """
    ledger = Ledger(cloud)
    sealed = ledger.seal(job.id)
    if sealed is None or sealed.sealed is None:
        return sealed
    return _write(sealed, cloud, deadline)


def _write(job: Job, cloud: Cloud, deadline: float) -> Job | None:
    """The last steps of a sealed job."""
    ledger = Ledger(cloud)
    missing = set(job.sealed or ())
    chunks = list(ledger.chunks(job.id))
    done = [chunk for chunk in chunks if chunk.index not in missing]
    columns = next((chunk.result.columns for chunk in done if chunk.result), None) or _columns(job, cloud)
    if job.options.single and not _join(job, done, columns, cloud, deadline):
        messages.finish(job, cloud)
        return job
    data = receipt(job, done, [chunk for chunk in chunks if chunk.index in missing], columns)
    objects.put_once(cloud, job.output + RECEIPT, data, _MEDIA_TYPE)
    ledger.settle(job)
    return ledger.job(job.id)


def receipt(job: Job, done: Sequence[Chunk], missing: Sequence[Chunk], columns: Sequence[str]) -> bytes:
    """A receipt's bytes. Rows are numbered from 1; ``missing`` are the rows of chunks that a closed job never got."""
    results = [chunk.result for chunk in done if chunk.result]
    rows, rejected = sum(result.rows for result in results), sum(result.rejected for result in results)
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "job": job.id,
        "model": {"name": job.model, "version": job.version, "digest": job.digest},
        "input": asdict(job.source),
        "options": asdict(job.options),
        "correlation": job.correlation,
        "format": job.output_format,
        "columns": list(columns),
        "complete": not missing,
        "rows": {"read": rows, "scored": rows - rejected, "rejected": rejected},
        "parts": [{"key": single_key(job)}] if job.options.single else _parts(results, "output"),
        "errors": _parts(results, "errors"),
    }
    if missing:
        record["missing"] = [{"first": chunk.first, "rows": chunk.rows} for chunk in missing]
    if found := metrics.figures(metrics.merge([result.metrics for result in results])):
        record["metrics"] = found
    return json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def write_failure(job: Job, cloud: Cloud) -> None:
    """Say beside where the output would be why there is none. Readers of receipts never see it."""
    record = {"job": job.id, "state": job.state, "reason": job.reason, "input": asdict(job.source)}
    data = json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    objects.put_once(cloud, job.output + FAILURE, data, _MEDIA_TYPE)


def single_key(job: Job) -> str:
    """Where one file with all predictions goes."""
    return f"{job.output}predictions{formats.named(job.output_format).SUFFIXES[0]}"


def part_key(job: Job, index: int) -> str:
    """Where a chunk's predictions go: parts of what becomes one file are nobody's to read."""
    prefix = job.work if job.options.single else job.output
    return f"{prefix}part-{index:05}{formats.named(job.output_format).SUFFIXES[0]}"


def errors_key(job: Job, index: int) -> str:
    """Where a chunk's rejected rows go."""
    return f"{job.output}errors/part-{index:05}.jsonl"


def _parts(results: Sequence[Any], what: str) -> list[Mapping[str, Any]]:
    return [result.parts[what] for result in results if what in result.parts]


def _columns(job: Job, cloud: Cloud) -> tuple[str, ...]:
    """The output's columns where no chunk has any: a file of a header alone. Whoever predicts has what this needs."""
    from lightship.bundle import Manifest
    from lightship.jobs.predictions import names

    signature = Manifest.from_bytes(starting.manifest(cloud, job.model, job.version)).signature()
    own = job.header.columns if job.header else ()
    return (*own, *names(signature, own))


def _join(job: Job, done: Sequence[Chunk], columns: Sequence[str], cloud: Cloud, deadline: float) -> bool:
    """Make one file of a job's parts; False where the time is up before it is there."""
    ledger, output, target = Ledger(cloud), formats.named(job.output_format), single_key(job)
    ledger.touch(job.id)
    sizes = {str(part["key"]): int(part["bytes"]) for part in _parts([c.result for c in done if c.result], "output")}
    preamble = output.preamble(columns, safe=job.options.safe)
    upload = job.upload or ledger.keep_upload(job.id, joins.begin(cloud, target, output.MEDIA_TYPE), lost="")
    try:
        return joins.join(cloud, sizes, target, upload=upload, scratch=job.work, preamble=preamble, deadline=deadline)
    except NotFound:
        ledger.keep_upload(job.id, joins.begin(cloud, target, output.MEDIA_TYPE), lost=upload)
        return False
