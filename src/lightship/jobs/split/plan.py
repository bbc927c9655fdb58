"""The work of the split queue: a job's file becomes chunks on the score queue, and is never loaded whole.

The ledger's cursor says how far it got. The file's columns are kept first; then chunks are entered, then sent, then
the cursor moves: a crash in between leaves work to do again, and doing it again changes nothing. Needs nothing but
the standard library and boto3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice

from lightship import formats
from lightship.aws.events import ObjectCreated
from lightship.errors import InvalidInput, NotFound, UnsupportedMedia
from lightship.formats.base import FIRST_BLOCK, Header, Span, Streamed
from lightship.jobs import messages, models, objects, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import receipts
from lightship.jobs.ledger import retries
from lightship.jobs.ledger.ledger import Ledger, releasing
from lightship.jobs.ledger.records import LEASE, Chunk, Cursor, Job, State
from lightship.jobs.messages import Finish, Plan, Retry, Run, Score, Split
from lightship.jobs.split import schedules

# The most chunks of a job: S3 joins no more objects to one file.
MOST_CHUNKS = 10_000

# The most bytes that a gzip file may inflate to. Each invocation inflates it from its beginning, and must get further
# than the one before: 300 s of about half a core by default, and a core inflates 270 MB of CSV a second.
LARGEST_GZIP = 16 * 1024**3

_TOGETHER = 10
_PERMANENT = (InvalidInput, NotFound, UnsupportedMedia)


def handle(body: Mapping[str, object], cloud: Cloud, *, deadline: float = float("inf")) -> str:
    """Do what a message of the split queue asks; returns one word for the log.

    ``deadline`` is when to continue by a message to the same function, in seconds of ``cloud.now``; some progress is
    always made. Any exception asks for the message to be delivered again; InvalidInput is one that cannot be read.
    """
    if "detail-type" in body:
        return _drop(body, cloud, deadline)
    message = messages.read(body, messages.SPLITTING)
    hops = message.next_hop()
    if isinstance(message.work, Run):
        return schedules.run(message.work, message.correlation, cloud, deadline=deadline, hops=hops)
    job = Ledger(cloud).jobs.find(message.work.job)
    if job is None:
        return "unknown"
    if isinstance(message.work, Retry):
        indices = message.work.indices
        return end(job, cloud) if job.final else retries.send(job, indices, cloud, deadline=deadline, hops=hops)
    return _proceed(job, cloud, deadline, hops)


def _drop(body: Mapping[str, object], cloud: Cloud, deadline: float) -> str:
    event = ObjectCreated.from_event(body)
    job = starting.dropped(cloud, event, messages.correlation(body, "")) if event else None
    return _proceed(job, cloud, deadline) if job else "ignored"


def _proceed(job: Job, cloud: Cloud, deadline: float, hops: int = 1) -> str:
    if job.state == State.RUNNING:  # split by a worker that may have got no further
        conclude(job, cloud)
    if job.state != State.SPLITTING:
        return end(job, cloud)
    scanner = formats.streamed(job.format)
    if scanner is None:
        messages.send(cloud, Plan(job.id), correlation=job.correlation)
        return "handed over"
    jobs = Ledger(cloud).jobs
    current = jobs.attempt(job.id, LEASE)
    if current is None:
        return "elsewhere"
    try:
        with releasing(lambda: jobs.release(job.id)):
            return _split(current, scanner, cloud, deadline, hops)
    except _PERMANENT as error:
        return fail(current, error.message, cloud)


def fail(job: Job, reason: str, cloud: Cloud) -> str:
    """Fail a job whose outcome is still open, and write the reason beside its output."""
    return end(Ledger(cloud).jobs.end(job.id, State.FAILED, reason) or job, cloud)


def end(job: Job, cloud: Cloud) -> str:
    """Write the reason of a failed job beside its output; returns the job's state."""
    if job.state == State.FAILED:
        receipts.write_failure(job, cloud)
    return str(job.state)


def _split(job: Job, scanner: Streamed, cloud: Cloud, deadline: float, hops: int) -> str:
    cursor, header, blocks = _beginning(job, scanner, cloud)
    if not cursor.index:
        Ledger(cloud).jobs.describe(job.id, header)
    content = _Content(blocks, cursor.offset, keep=job.gzip)
    target = job.options.chunk_bytes(job.source.size)
    spans = scanner.scan(content, offset=cursor.offset, row=cursor.row, target=target)
    chunks = _chunks(job, spans, cursor.index, content, cloud)
    while batch := list(islice(chunks, _TOGETHER)):
        cursor = publish(job, batch, cloud)
        if cloud.now() > deadline:
            messages.send(cloud, Split(job.id), correlation=job.correlation, hops=hops)
            return "continued"
    if header is None and cursor.index == 0:
        raise InvalidInput(f"{job.source.name} is empty")
    return finish(job, cursor, cloud)


def _beginning(job: Job, scanner: Streamed, cloud: Cloud) -> tuple[Cursor, Header | None, Iterator[bytes]]:
    """Return where to continue, the header, and the file's content from there on."""
    if job.cursor.index:
        return job.cursor, job.header, _content(job, job.cursor.offset, cloud)
    blocks = _content(job, 0, cloud)
    first = b""
    for block in blocks:
        first += block
        if len(first) >= FIRST_BLOCK:
            break
    header = scanner.header(first, has_header=job.options.header, names=partial(_names, job, cloud)) if first else None
    length = header.length if header else 0
    return Cursor(offset=length), header, chain([first[length:]], blocks)


def _names(job: Job, cloud: Cloud) -> tuple[str, ...]:
    return models.describe(cloud, job.model, job.version).columns


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
        ledger.chunks.add(chunk)
    messages.send(cloud, *(Score(job.id, chunk.index) for chunk in batch), correlation=job.correlation)
    last = batch[-1]
    cursor = Cursor(last.end, last.first + last.rows, last.index + 1)
    ledger.jobs.advance(job.id, cursor)
    return cursor


def finish(job: Job, cursor: Cursor, cloud: Cloud) -> str:
    """Record that a job's file is split; the workers may have been quicker."""
    found = Ledger(cloud).jobs.split(job.id, chunks=cursor.index, rows=cursor.row - 1)
    if found and found.state == State.RUNNING:
        conclude(found, cloud)
    return "split"


def conclude(job: Job, cloud: Cloud) -> None:
    """Send the message that finishes a job where all chunks are done.

    The worker that counts the last chunk checks too, after counting it: the second of the two sees all of them.
    """
    if job.chunks is not None and Ledger(cloud).tallies.total(job.id).chunks == job.chunks:
        messages.send(cloud, Finish(job.id), correlation=job.correlation)
