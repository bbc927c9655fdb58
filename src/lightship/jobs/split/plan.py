"""The work of the split queue: a job's file becomes chunks on the score queue, and is never loaded whole.

The ledger's cursor says how far it got. The file's columns are kept first; then chunks are entered, then sent, then
the cursor moves: who dies in between leaves work to do again, and doing it again changes nothing. Needs nothing but
the standard library and boto3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from typing import Any

from lightship import formats
from lightship.errors import InvalidInput, NotFound, UnsupportedMedia
from lightship.formats.base import FIRST_BLOCK, Header, Span, Streamed
from lightship.jobs import messages, objects, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import receipts
from lightship.jobs.ledger import retries
from lightship.jobs.ledger.ledger import Ledger, releasing
from lightship.jobs.ledger.records import LEASE, Chunk, Cursor, Job, State
from lightship.jobs.split import schedules

# The most chunks of a job: S3 joins no more objects to one file.
MOST_CHUNKS = 10_000

# The most bytes that a gzip file may inflate to. Who goes on with one inflates it from its beginning, and must get
# further within one invocation: 300 s of about half a core by default, and a core inflates 270 MB of CSV a second.
LARGEST_GZIP = 16 * 1024**3

_TOGETHER = 10
_PERMANENT = (InvalidInput, NotFound, UnsupportedMedia)


def handle(message: Mapping[str, Any], cloud: Cloud, *, deadline: float = float("inf")) -> str:
    """Do what a message of the split queue asks; returns one word for the log.

    ``deadline`` is when to go on by a message to oneself, in seconds of ``cloud.now``; some progress is always made.
    Whatever is raised asks for the message to be delivered again.
    """
    if "detail" in message:
        job = starting.dropped(cloud, message)
        return _proceed(job, cloud, deadline) if job else "ignored"
    hops = messages.next_hop(message)
    if "run" in message:
        return schedules.run(message["run"], str(message.get("correlation", "")), cloud, deadline=deadline, hops=hops)
    if "retry" in message:
        return _retry(message["retry"], cloud, deadline, hops)
    found = Ledger(cloud).job(message["split"]["job"])
    return _proceed(found, cloud, deadline, hops) if found else "unknown"


def _retry(what: Mapping[str, Any], cloud: Cloud, deadline: float, hops: int) -> str:
    job = Ledger(cloud).job(what["job"])
    if job is None:
        return "unknown"
    return end(job, cloud) if job.final else retries.send(job, what["indices"], cloud, deadline=deadline, hops=hops)


def _proceed(job: Job, cloud: Cloud, deadline: float, hops: int = 1) -> str:
    if job.state == State.RUNNING:  # said to be split by somebody who may not have got further
        conclude(job, cloud)
    if job.state != State.SPLITTING:
        return end(job, cloud)
    scanner = formats.streamed(job.format)
    if scanner is None:
        messages.plan(job, cloud)
        return "handed over"
    ledger = Ledger(cloud)
    current = ledger.attempt(job.id, LEASE)
    if current is None:
        return "elsewhere"
    try:
        with releasing(lambda: ledger.release_splitting(job.id)):
            return _split(current, scanner, cloud, deadline, hops)
    except _PERMANENT as error:
        return fail(current, error.message, cloud)


def fail(job: Job, reason: str, cloud: Cloud) -> str:
    """Fail a job for good, where its outcome is still open, and say why beside its output."""
    return end(Ledger(cloud).end(job.id, State.FAILED, reason) or job, cloud)


def end(job: Job, cloud: Cloud) -> str:
    """What is left to do for a job that may have ended: a failed one's reason is written beside its output."""
    if job.state == State.FAILED:
        receipts.write_failure(job, cloud)
    return str(job.state)


def _split(job: Job, scanner: Streamed, cloud: Cloud, deadline: float, hops: int) -> str:
    cursor, header, blocks = _beginning(job, scanner, cloud)
    if not cursor.index:
        Ledger(cloud).describe(job.id, header)
    content = _Content(blocks, cursor.offset, keep=job.gzip)
    target = job.options.chunk_bytes(job.source.size)
    spans = scanner.scan(content, offset=cursor.offset, row=cursor.row, target=target)
    chunks = _chunks(job, spans, cursor.index, content, cloud)
    while batch := list(islice(chunks, _TOGETHER)):
        cursor = publish(job, batch, cloud)
        if cloud.now() > deadline:
            messages.split(job, cloud, hops=hops)
            return "continued"
    if header is None and cursor.index == 0:
        raise InvalidInput(f"{job.source.name} is empty")
    return finish(job, cursor, cloud)


def _beginning(job: Job, scanner: Streamed, cloud: Cloud) -> tuple[Cursor, Header | None, Iterator[bytes]]:
    """Where to go on, the header, and the file's content from there on."""
    if job.cursor.index:
        return job.cursor, job.header, _content(job, job.cursor.offset, cloud)
    blocks = _content(job, 0, cloud)
    first = b""
    for block in blocks:
        first += block
        if len(first) >= FIRST_BLOCK:
            break
    names = partial(starting.columns, cloud, job.model, job.version)
    header = scanner.header(first, said=job.options.header, names=names) if first else None
    length = header.length if header else 0
    return Cursor(offset=length), header, chain([first[length:]], blocks)


def _content(job: Job, offset: int, cloud: Cloud) -> Iterator[bytes]:
    if job.gzip:
        return objects.inflate(objects.stream(cloud, job.source), offset)
    return objects.stream(cloud, job.source, offset)


class _Content:
    """Blocks on their way to a scanner, kept until what a gzip file's chunk is made of has been taken."""

    def __init__(self, blocks: Iterator[bytes], offset: int, *, keep: bool) -> None:
        self._blocks = blocks
        self._kept = bytearray()
        self._offset = offset
        self._keep = keep

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            if self._keep:
                self._kept += block
            yield block

    def take(self, span: Span) -> bytes:
        """A span's bytes; what stands before them is forgotten."""
        data = bytes(self._kept[span.start - self._offset : span.end - self._offset])
        del self._kept[: span.end - self._offset]
        self._offset = span.end
        return data


def _chunks(job: Job, spans: Iterable[Span], index: int, content: _Content, cloud: Cloud) -> Iterator[Chunk]:
    for place, span in enumerate(spans, start=index):
        if place >= MOST_CHUNKS:
            raise InvalidInput(f"{job.source.name} is too large: a job has {MOST_CHUNKS} chunks at most")
        key = ""
        if job.gzip:
            if span.end > LARGEST_GZIP:
                raise InvalidInput(
                    f"{job.source.name} inflates to more than {LARGEST_GZIP} bytes: send it uncompressed, or in parts"
                )
            key = f"{job.work}chunk-{place:05}"
            objects.put_once(cloud, key, content.take(span), "application/octet-stream")
        yield Chunk(job.id, place, span.first, span.rows, span.start, span.end, key)


def publish(job: Job, batch: list[Chunk], cloud: Cloud) -> Cursor:
    """Enter chunks into the ledger, send them, and move the cursor behind them."""
    ledger = Ledger(cloud)
    for chunk in batch:
        ledger.add(chunk)
    messages.chunks(job, [chunk.index for chunk in batch], cloud)
    last = batch[-1]
    cursor = Cursor(last.end, last.first + last.rows, last.index + 1)
    ledger.advance(job.id, cursor)
    return cursor


def finish(job: Job, cursor: Cursor, cloud: Cloud) -> str:
    """Say that a job's file is split; the workers may have been quicker."""
    found = Ledger(cloud).split(job.id, chunks=cursor.index, rows=cursor.row - 1)
    if found and found.state == State.RUNNING:
        conclude(found, cloud)
    return "split"


def conclude(job: Job, cloud: Cloud) -> None:
    """Have the receipt written where all chunks are done. Who counts the last chunk asks too, after counting it:
    whichever of the two comes second sees the whole.
    """
    if job.chunks is not None and Ledger(cloud).tally(job.id).chunks == job.chunks:
        messages.finish(job, cloud)
