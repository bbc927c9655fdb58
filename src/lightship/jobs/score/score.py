"""The work of the score queue: score chunks and finish jobs.

A crash at any point is harmless because of the order: the part is written once, then the chunk is marked done, then it
is counted, then, if it was the last one, the receipt is written. A message that is delivered again goes through the
same steps and skips those that are done.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from lightship.errors import BundleError, InvalidInput, NotFound, UnsupportedMedia
from lightship.evaluation import targets
from lightship.inputs.datafiles.rows import Prepared
from lightship.jobs import inputs, messages, models, objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.files.contents import Content, open_chunk
from lightship.jobs.files.predictions import Scored, names, predict
from lightship.jobs.finish import receipts
from lightship.jobs.ledger.ledger import Ledger, releasing
from lightship.jobs.ledger.records import LEASE, Chunk, Job, Result
from lightship.jobs.ledger.tallies import GROUP
from lightship.jobs.messages import Plan, Score
from lightship.jobs.score import counting
from lightship.jobs.split import listing, plan
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.settings import CacheSettings, TransformSettings
from lightship.tensors import Signature

# Errors that a retry cannot fix: the job fails. After any other error SQS delivers the message again.
_PERMANENT = (InvalidInput, NotFound, UnsupportedMedia, BundleError)

# Characters of a rejected row's text that are copied to the errors part.
_LONGEST_TEXT = 10_000

_ERRORS_MEDIA_TYPE = "application/x-ndjson"
_MEDIA_TYPES = {"csv": "text/csv", "jsonlines": "application/x-ndjson", "parquet": "application/vnd.apache.parquet"}


def handle(body: Mapping[str, object], cloud: Cloud, *, deadline: float = float("inf")) -> str:
    """Handle a message of the score queue: a chunk, a plan or the receipt.

    Returns one word for the log. ``deadline``, in seconds of ``cloud.now``, is when joining parts to one file continues
    by a message to the same function. After any exception SQS delivers the message again; InvalidInput means that the
    body cannot be read.
    """
    message = messages.read(body, messages.SCORING)
    job = Ledger(cloud).jobs.find(message.work.job)
    if job is None:
        return "unknown"
    if job.final:
        return plan.end(job, cloud)
    try:
        match message.work:
            case Score(index=index):
                return _chunk(job, index, cloud, deadline)
            case Plan():
                return listing.handle(job, cloud)
        if job.sealed is None:
            _recount(job, cloud)
        return _finish(job, cloud, deadline, message.next_hop())
    except _PERMANENT as error:
        return plan.fail(job, error.message, cloud)


def _chunk(job: Job, index: int, cloud: Cloud, deadline: float) -> str:
    ledger = Ledger(cloud)
    chunk = ledger.chunks.claim(job.id, index, LEASE)
    if chunk is None:
        return "unknown"
    with releasing(lambda: ledger.chunks.release(chunk)):
        with_header = job if job.format in inputs.WITHOUT_HEADER else ledger.jobs.with_header(job)
        result = chunk.result or ledger.chunks.finish(chunk, score(with_header, chunk, cloud))
    counted = ledger.tallies.count(job.id, index, result)
    current = job if job.chunks is not None else ledger.jobs.find(job.id)
    if current is None or current.final:
        return "late"
    if result.rejected and _reaches_threshold(current, ledger):
        return plan.fail(current, _threshold_reason(current), cloud)
    if current.chunks is not None and counted == min(GROUP, current.chunks - index // GROUP * GROUP):
        return _finish(current, cloud, deadline)
    return "scored"


def _recount(job: Job, cloud: Cloud) -> None:
    """Count the chunks that are done: a worker may have crashed before counting one."""
    ledger = Ledger(cloud)
    if ledger.tallies.total(job.id).chunks != job.chunks:
        for chunk in ledger.chunks.all(job.id):
            if chunk.result:
                ledger.tallies.count(job.id, chunk.index, chunk.result)


def _finish(job: Job, cloud: Cloud, deadline: float, hops: int = 1) -> str:
    """Write the receipt if every chunk is counted or the job is sealed.

    A job that reaches its threshold of rejected rows fails instead.
    """
    if job.sealed is None:
        tally = Ledger(cloud).tallies.total(job.id)
        if tally.chunks != job.chunks:
            return "scored"
        if tally.rejected and _reaches_threshold(job, Ledger(cloud)):
            return plan.fail(job, _threshold_reason(job), cloud)
    concluded = receipts.conclude(job, cloud, deadline=deadline, hops=hops)
    if concluded is None:
        return "unknown"
    return plan.end(concluded, cloud) if concluded.final else "continued"


def score(job: Job, chunk: Chunk, cloud: Cloud) -> Result:
    """Predict a chunk's rows and write its part and its rejected rows, if any."""
    started = time.perf_counter()
    model = load(Origin(cloud.registry, cloud.cache, cloud.transforms), job.model, job.version, job.digest)
    signature = model.manifest.signature()
    models.check_rows(job.model, signature.independent_rows)
    content = open_chunk(job, chunk, signature, cloud)
    prepared = content.prepare()
    if prepared.count != chunk.rows:  # fail rather than lose rows
        last = chunk.first + chunk.rows - 1
        raise InvalidInput(f"rows {chunk.first} to {last} of the file were read as {prepared.count} rows")
    scored = predict(model, prepared)
    columns = names(signature, content.columns)
    metrics = _metrics(job, chunk, content, scored, signature)
    key, media_type = receipts.part_key(job, chunk.index), _MEDIA_TYPES[job.output_format]
    parts = {"output": objects.put_once(cloud, key, content.write(scored, columns), media_type)}
    if prepared.rejects:
        data = _rejects(content, prepared, chunk.first)
        key = receipts.errors_key(job, chunk.index)
        parts["errors"] = objects.put_once(cloud, key, data, _ERRORS_MEDIA_TYPE)
    used = (time.perf_counter() - started) * cloud.memory / 1024
    return Result(prepared.count, len(prepared.rejects), parts, metrics, used)


def _metrics(job: Job, chunk: Chunk, content: Content, scored: Scored, signature: Signature) -> dict[str, Any]:
    """Return counts where the file has a target column.

    Raises InvalidInput where the target is not a column. Rows that name their own columns (JSON lines) may lack it, but
    not all rows of the first chunk.
    """
    fields = content.fields
    target = targets.column_of(signature, job.options.target, fields)
    if target is None:
        return {}
    if fields and target not in fields and (content.columns or chunk.first == 1):
        raise InvalidInput(f"the file lacks the target column '{target[:80]}'")
    return counting.count(signature, content.cells(target, scored.positions.tolist()), scored)


class Origin(NamedTuple):
    """Where models are loaded from; see :class:`lightship.jobs.cloud.Cloud`."""

    registry: str
    cache: CacheSettings
    transforms: TransformSettings


@lru_cache(maxsize=2)
def load(origin: Origin, name: str, version: int, digest: str) -> Model:
    """Return a pinned version of a model, also if it was withdrawn meanwhile.

    Raises BundleError where its digest is not the pinned one.
    """
    bundle = Registry(origin.registry, cache=origin.cache).bundle(name, version)
    model = Model.load(bundle, transforms=origin.transforms)
    if model.bundle.digest != digest:
        raise BundleError(f"version {version} of '{name}' does not have the digest that the job is pinned to")
    return model


def _rejects(content: Content, prepared: Prepared, first: int) -> bytes:
    """Return the rejected rows as JSON Lines; the chunk's first row is ``first``."""
    records = (
        {
            "row": first + position,
            "column": reject.column or None,
            "reason": reject.reason,
            "text": content.text(position)[:_LONGEST_TEXT],
        }
        for position, reject in sorted(prepared.rejects.items())
    )
    return b"".join(json.dumps(record, ensure_ascii=False).encode(errors="replace") + b"\n" for record in records)


def _reaches_threshold(job: Job, ledger: Ledger) -> bool:
    """Return whether the rejected rows reach the job's threshold.

    A fraction refers to all rows, so it is checked only after the file is split.
    """
    limit = job.options.threshold
    if limit is None or (0 < limit < 1 and job.rows is None):
        return False
    rejected = ledger.tallies.total(job.id).rejected
    return rejected > 0 and (rejected if limit >= 1 else rejected / max(1, job.rows or 0)) >= limit


def _threshold_reason(job: Job) -> str:
    limit = job.options.threshold or 0
    if not limit:
        return "a row was rejected, and the job's threshold is 0"
    reached = f"{limit:g}" if limit >= 1 else f"{100 * limit:g}% of all rows"
    return f"too many rows were rejected: the job's threshold is {reached}"
