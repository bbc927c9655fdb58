"""What a job's caller may ask for. A job belongs to its owner; to everybody else it is not there."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from lightship import aws
from lightship.errors import InvalidInput, NotFound
from lightship.jobs import messages, objects, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import receipts
from lightship.jobs.ledger import retries
from lightship.jobs.ledger.items import Tally
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.records import Job, Options, Source, State
from lightship.jobs.ledger.standing import INCOMPLETE, silent, state_of

# US dollars, us-east-1, 2026: Lambda per GB-second (x86); a chunk's invocation, five writes and two reads of DynamoDB,
# three requests of SQS and PUT of S3; its GET, of which a chunk of images has one for each. An estimate for people, not
# a bill: what splitting takes, attempts that failed, storage and logs are not in it.
GIGABYTE_SECOND = 0.0000166667
_CHUNK = 0.2e-6 + 5 * 0.625e-6 + 2 * 0.125e-6 + 3 * 0.4e-6 + 5e-6
_GET = 0.4e-6

# How long an object's address works, in seconds, and the most that one PUT takes, in bytes.
ADDRESS_SECONDS = 3600
LARGEST_UPLOAD = 5 * 1024**3

# An upload in parts: their addresses must fit in one answer of Lambda's 6 MB, and S3 takes no part over 5 GB.
_MOST_PARTS = 1000
_LEAST_PART = 64 * 1024**2

# What S3 says of parts that do not make an object.
_WRONG_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML", "InvalidRequest"}

_LONGEST_KEY = 1024

# Seconds of a request in which chunks are sent again; the others follow in the background.
_RETRY_SECONDS = 5.0

_ID = re.compile("[0-9a-f]{32}")
_FOLDER = re.compile("[0-9a-f]{32}/")


@dataclass(frozen=True)
class Status:
    """A job and what can be said of its progress.

    ``rows`` and ``chunks`` are totals, None until the file is split; ``rate`` is rows per second since the job was
    made; ``left`` is how many seconds the rest takes at that rate; ``cost`` is US dollars so far, a rough estimate:
    the gigabyte-seconds that the workers measured and the calls of the chunks that are done.
    """

    job: Job
    state: State
    done: Tally
    rows: int | None
    chunks: int | None
    rate: float
    left: float | None
    cost: float

    @property
    def progress(self) -> float | None:
        """What part of the rows is done, 0 to 1; None until the file is split."""
        if not self.rows:
            return None if self.rows is None else 1.0
        return self.done.rows / self.rows

    def to_json(self) -> dict[str, Any]:
        """For a wire: names and plain values."""
        job = self.job
        record: dict[str, Any] = {
            "id": job.id,
            "state": str(self.state),
            "model": {"name": job.model, "version": job.version, "digest": job.digest},
            "input": f"s3://{job.source.bucket}/{job.source.key}",
            "created": job.created,
            "updated": max(job.updated, self.done.updated),
            "rows": {"total": self.rows, "done": self.done.rows, "rejected": self.done.rejected},
            "chunks": {"total": self.chunks, "done": self.done.chunks},
            "progress": self.progress,
            "rows_per_second": round(self.rate, 1),
            "seconds_left": None if self.left is None else round(self.left, 1),
            "gigabyte_seconds": round(self.done.gigabyte_seconds, 3),
            "cost_estimate_usd": round(self.cost, 6),
            "correlation": job.correlation,
        }
        if reason := job.reason or (INCOMPLETE if self.state == State.INCOMPLETE else ""):
            record["reason"] = reason
        if self.state in {State.DONE, State.CLOSED}:
            record["receipt"] = job.output + receipts.RECEIPT
        return record


def upload(cloud: Cloud, *, owner: str, name: str, size: int = 0, folder: str = "") -> dict[str, Any]:
    """Where an owner may put a file: ``key``, and ``url`` for one PUT, or ``parts`` with one each beyond 5 GB.

    It is in a folder of its own, or in the ``folder`` of an earlier answer. An address takes a body of exactly ``size``
    bytes, or of its part's; where ``size`` is 0, any body up to S3's own limit, LARGEST_UPLOAD. Of a multipart upload,
    ``upload`` is what :func:`complete` wants, with the parts' ETags.

    Raises InvalidInput; NotFound for a folder that is not the owner's.
    """
    if not name.isprintable() or not name or "/" in name or len(name.encode()) > 200:
        raise InvalidInput("an upload's name is that of a file, printable, without folders and up to 200 bytes long")
    if not 0 <= size <= _MOST_PARTS * LARGEST_UPLOAD:
        raise InvalidInput(f"an upload's size is from 0 to {_MOST_PARTS * LARGEST_UPLOAD} bytes")
    own = starting.upload_prefix(owner)
    folder = folder or f"{own}{uuid.uuid4().hex}/"
    if not _FOLDER.fullmatch(folder.removeprefix(own)):
        raise NotFound(f"there is no folder '{folder[:200]}' among your uploads")
    place = {"Bucket": cloud.bucket, "Key": folder + name}
    answer: dict[str, Any] = {"key": place["Key"], "folder": folder}
    if size <= LARGEST_UPLOAD:
        signed = place | ({"ContentLength": size} if size else {})
        url = cloud.s3.generate_presigned_url("put_object", Params=signed, ExpiresIn=ADDRESS_SECONDS)
        return answer | {"url": url}
    part = max(_LEAST_PART, -(-size // _MOST_PARTS))
    place["UploadId"] = cloud.s3.create_multipart_upload(**place)["UploadId"]
    urls = [
        cloud.s3.generate_presigned_url(
            "upload_part",
            Params={**place, "PartNumber": number, "ContentLength": min(part, size - start)},
            ExpiresIn=24 * ADDRESS_SECONDS,
        )
        for number, start in enumerate(range(0, size, part), start=1)
    ]
    return answer | {"upload": place["UploadId"], "part_bytes": part, "parts": urls}


def complete(cloud: Cloud, *, owner: str, key: str, upload: str, etags: list[str]) -> None:
    """Make one object of an upload's parts, once however often it is asked for.

    Raises NotFound for a key that is not the owner's or an upload that is none, InvalidInput for parts that are not
    what was uploaded.
    """
    _check_own(owner, key)
    parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, start=1)]
    place = {"Bucket": cloud.bucket, "Key": key}
    try:
        cloud.s3.list_parts(**place, UploadId=upload, MaxParts=1)  # not every S3 says to the next call what it lacks
        cloud.s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    except cloud.s3.exceptions.ClientError as error:
        code = aws.code(error)
        if code in _WRONG_PARTS:
            raise InvalidInput(f"the parts do not make a file: S3 says {code}") from None
        if code != "NoSuchUpload":
            raise
        objects.describe(cloud, cloud.bucket, key)  # an upload that is completed is gone, and its object is there


def start(
    cloud: Cloud,
    *,
    owner: str,
    model: str,
    key: str,
    version: int | None = None,
    options: Options = starting.NO_OPTIONS,
    run: str = "",
    correlation: str = "",
) -> Job:
    """Score an object under the owner's own prefix, or the images below a key that ends with ``/``.

    The same request again is the same job, unless ``run`` or the object, or one of the images, differs. Of more than
    ``starting.MOST_COMPARED`` images each request is a job of its own.

    Raises NotFound (object, images, model, version, somebody else's object), InvalidInput or UnsupportedMedia.
    """
    _check_own(owner, key)
    if key.endswith("/"):
        source = starting.images(cloud, Source(cloud.bucket, key))
    else:
        source = objects.describe(cloud, cloud.bucket, key)
    if version is not None:
        starting.pinned(cloud, model, version, allow_withdrawn=False)
    job = starting.start(
        cloud,
        owner=owner,
        model=model,
        source=source,
        options=options,
        run=run,
        correlation=correlation,
        version=version,
    )
    if job.state == State.SPLITTING:
        messages.split(job, cloud)
    return job


def status(cloud: Cloud, *, owner: str, job: str) -> Status:
    """Where a job stands; raises NotFound."""
    return _status(find(cloud, owner=owner, job=job), cloud)


def jobs(cloud: Cloud, *, owner: str, limit: int = 50) -> list[Job]:
    """An owner's jobs, the newest first; their states are the stored ones."""
    return Ledger(cloud).owned(owner, limit)


def statuses(cloud: Cloud, *, owner: str, limit: int = 50) -> list[Status]:
    """Where an owner's jobs stand, the newest first."""
    return [_status(job, cloud) for job in jobs(cloud, owner=owner, limit=limit)]


def download(cloud: Cloud, *, owner: str, job: str, name: str) -> str:
    """The address of an object below a job's output, as ``receipt.json`` or a part; raises NotFound."""
    place = find(cloud, owner=owner, job=job).output + name
    if len(place.encode()) > _LONGEST_KEY:
        raise NotFound("the job has no output of such a long name")
    try:
        objects.describe(cloud, cloud.bucket, place)
    except NotFound:
        raise NotFound(f"the job has no output '{name[:200]}': receipt.json names what there is") from None
    what = {"Bucket": cloud.bucket, "Key": place}
    return str(cloud.s3.generate_presigned_url("get_object", Params=what, ExpiresIn=ADDRESS_SECONDS))


def cancel(cloud: Cloud, *, owner: str, job: str) -> Job:
    """Stop a job whose outcome is open: it gets no receipt. Raises NotFound; InvalidInput where it is decided."""
    found = find(cloud, owner=owner, job=job)
    ended = Ledger(cloud).end(found.id, State.CANCELLED, "cancelled by its owner") or found
    if ended.sealed is not None and not ended.final:
        raise InvalidInput("the job's outcome is decided and its receipt is being written: it cannot be cancelled")
    if ended.state != State.CANCELLED:
        raise InvalidInput(f"the job is {ended.state}: there is nothing left to cancel")
    return ended


def retry(cloud: Cloud, *, owner: str, job: str) -> int:
    """Send again what nobody is at work on: the splitting, chunks that are not done, the receipt; returns how many.

    Chunks that nobody has tried wait in the queue, and are sent only where nothing was heard of the job for long. Of
    many chunks, some are sent in the background. What is under way after all does no harm by coming twice. Raises
    NotFound; InvalidInput where the job has ended.
    """
    found = find(cloud, owner=owner, job=job)
    if found.final:
        raise InvalidInput(f"the job is {found.state}: start it again with another run token")
    ledger, now = Ledger(cloud), cloud.now()
    left = [chunk for chunk in ledger.chunks(found.id) if chunk.result is None]
    if found.sealed is not None or (found.state == State.RUNNING and not left):
        messages.finish(found, cloud)
        ledger.touch(found.id)
        return 1
    unheard = silent(found, ledger.tally(found.id), now)
    splitting = found.state == State.SPLITTING and found.lease < now
    if splitting:
        messages.split(found, cloud)
        ledger.revive_splitting(found.id)
    again = [chunk.index for chunk in left if chunk.lease < now and (chunk.attempts or unheard)]
    retries.send(found, again, cloud, deadline=now + _RETRY_SECONDS)
    return len(again) + splitting


def close(cloud: Cloud, *, owner: str, job: str) -> Job:
    """Have an incomplete job get its receipt without the dead chunks, whose rows it lists as missing.

    The outcome is decided at once, and a worker writes the receipt.

    Raises NotFound; InvalidInput unless the job is incomplete, or was being closed before.
    """
    found = find(cloud, owner=owner, job=job)
    ledger = Ledger(cloud)
    if found.sealed is None:
        state = _status(found, cloud).state
        if state != State.INCOMPLETE or found.chunks is None:
            raise InvalidInput(f"the job is {state}: only an incomplete one whose file is split can be closed")
        dead = tuple(chunk.index for chunk in ledger.chunks(found.id) if chunk.result is None)
        found = ledger.seal(found.id, dead) or found
    if found.sealed is None:
        raise InvalidInput(f"the job is {found.state}: only an incomplete one can be closed")
    if not found.final:
        messages.finish(found, cloud)
    return found


def find(cloud: Cloud, *, owner: str, job: str) -> Job:
    """An owner's job; raises NotFound, also for somebody else's."""
    found = Ledger(cloud).job(job) if _ID.fullmatch(job) else None
    if found is None or found.owner != owner:
        raise NotFound(f"there is no job '{job[:80]}'")
    return found


def _status(job: Job, cloud: Cloud) -> Status:
    tally = Ledger(cloud).tally(job.id)
    state = state_of(job, tally, cloud)
    end = job.updated if job.final else cloud.now()
    seconds = max(end - job.created, 1e-3)
    rate = tally.rows / seconds
    left = (job.rows - tally.rows) / rate if rate and job.rows is not None and not job.final else None
    gets = tally.rows if job.format == starting.IMAGES else tally.chunks
    cost = tally.gigabyte_seconds * GIGABYTE_SECOND + tally.chunks * _CHUNK + gets * _GET
    return Status(job, state, tally, job.rows, job.chunks, rate, left, cost)


def check_key(key: str) -> None:
    """Raises InvalidInput for an upload's key that S3, or whoever reads it in a log, could not take."""
    if not key.isprintable() or len(key.encode()) > _LONGEST_KEY:
        raise InvalidInput(
            f"{key[-200:]!r} is no name for an upload: it must be printable, up to {_LONGEST_KEY} bytes in all"
        )


def _check_own(owner: str, key: str) -> None:
    if not key.startswith(starting.upload_prefix(owner)) or len(key.encode()) > _LONGEST_KEY:
        raise NotFound(f"there is no object '{key[:200]}' among your uploads")
