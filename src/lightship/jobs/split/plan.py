"""The work of the split queue: split a job's file into chunks.

The file is streamed, never loaded whole. The ledger's cursor records the progress. The file's columns are stored first;
then chunks are put into the ledger, then sent, then the cursor moves. After a crash in between, the steps are repeated
without effect on those already done. This module imports only the standard library and clients of AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import chain, islice

from lightship import formats
from lightship.aws.events import ObjectCreated
from lightship.errors import InvalidInput, NotFound, UnsupportedMedia
from lightship.formats.base import FIRST_BLOCK, Header, Span, Streamed
from lightship.jobs import inputs, messages, models, objects, starting
from lightship.jobs.cloud import Cloud
from lightship.jobs.finish import receipts
from lightship.jobs.ledger import retries
from lightship.jobs.ledger.ledger import Ledger, releasing
from lightship.jobs.ledger.records import LEASE, Chunk, Cursor, Job, State
from lightship.jobs.messages import Finish, Plan, Retry, Run, Score, Split
from lightship.jobs.split import packed, schedules

# The most chunks of a job: a multipart upload of S3 has at most 10,000 parts.
MOST_CHUNKS = 10_000

# The most bytes that a gzip file may inflate to. Each invocation inflates it from its beginning, and must get further
# than the one before: by default it has 300 s of about half a core, and a core inflates 270 MB of CSV per second.
LARGEST_GZIP = 16 * 1024**3

_BATCH = 10
_PERMANENT = (InvalidInput, NotFound, UnsupportedMedia)


def handle(body: Mapping[str, object], cloud: Cloud, *, deadline: float = float("inf")) -> str:
    """Handle a message of the split queue; return one word for the log.

    ``deadline``, in seconds of ``cloud.now``, is when to continue by a message to the same function; every invocation
    makes some progress. After any exception SQS delivers the message again; InvalidInput means that the body cannot be
    read.
    """
    if "detail-type" in body:
        return _start(body, cloud, deadline)
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


def _start(body: Mapping[str, object], cloud: Cloud, deadline: float) -> str:
    event = ObjectCreated.from_event(body)
    job = starting.from_event(cloud, event, messages.correlation(body, "")) if event else None
    return _proceed(job, cloud, deadline) if job else "ignored"


def _proceed(job: Job, cloud: Cloud, deadline: float, hops: int = 1) -> str:
    if job.state == State.RUNNING:  # split by a worker that may have crashed before concluding it
        conclude(job, cloud)
    if job.state != State.SPLITTING:
        return end(job, cloud)
    chunks = _splitting(job.format)
    if chunks is None:
        messages.send(cloud, Plan(job.id), correlation=job.correlation)
        return "handed over"
    jobs = Ledger(cloud).jobs
    current = jobs.claim(job.id, LEASE)
    if current is None:
        return "superseded"
    try:
        with releasing(lambda: jobs.release(job.id)):
            return _split(current, chunks(current, cloud), cloud, deadline, hops)
    except _PERMANENT as error:
        return fail(current, error.message, cloud)


def fail(job: Job, reason: str, cloud: Cloud) -> str:
    """Fail a job that is neither sealed nor ended; write the reason below its output."""
    return end(Ledger(cloud).jobs.end(job.id, State.FAILED, reason) or job, cloud)


def end(job: Job, cloud: Cloud) -> str:
    """Write the reason of a failed job below its output; return the job's state."""
    if job.state == State.FAILED:
        receipts.write_failure(job, cloud)
    return str(job.state)


def _splitting(name: str) -> Callable[[Job, Cloud], Iterator[Chunk]] | None:
    """Return how to split a format's files here; None where that needs its library."""
    if name == inputs.TAR:
        return packed.chunks
    scanner = formats.streamed(name)
    return partial(_streamed, scanner) if scanner else None


def _split(job: Job, chunks: Iterator[Chunk], cloud: Cloud, deadline: float, hops: int) -> str:
    """Publish a job's chunks from its cursor on, until the deadline."""
    cursor = job.cursor
    while batch := list(islice(chunks, _BATCH)):
        if batch[-1].index >= MOST_CHUNKS:
            raise InvalidInput(f"{job.source.name} is too large: a job has at most {MOST_CHUNKS} chunks")
        cursor = publish(job, batch, cloud)
        if cloud.now() > deadline:
            messages.send(cloud, Split(job.id), correlation=job.correlation, hops=hops)
            return "continued"
    return finish(job, cursor, cloud)


def _streamed(scanner: Streamed, job: Job, cloud: Cloud) -> Iterator[Chunk]:
    """Store the header of a file of rows; yield the chunks after the cursor."""
    names = cache(partial(_names, job, cloud))
    cursor, header, blocks = _beginning(job, scanner, names, cloud)
    if not cursor.index:
        Ledger(cloud).jobs.put_header(job.id, header)
    content = _Content(blocks, cursor.offset, keep=job.gzip)
    target = job.options.chunk_bytes(job.source.size)
    columns = names if header is None else lambda: header.columns
    spans = scanner.scan(content, offset=cursor.offset, row=cursor.row, target=target, names=columns)
    chunks = _chunks(job, spans, cursor.index, content, cloud)
    first = next(chunks, None)
    if first is None and header is None and not cursor.index:
        raise InvalidInput(f"{job.source.name} is empty")
    yield from chain([first] if first else [], chunks)


def _beginning(
    job: Job, scanner: Streamed, names: Callable[[], tuple[str, ...]], cloud: Cloud
) -> tuple[Cursor, Header | None, Iterator[bytes]]:
    """Return where to continue, the header, and the file's content from there on."""
    if job.cursor.index:
        return job.cursor, job.header, _content(job, job.cursor.offset, cloud)
    blocks = _content(job, 0, cloud)
    first = b""
    for block in blocks:
        first += block
        if len(first) >= FIRST_BLOCK:
            break
    header = scanner.header(first, has_header=job.options.header, names=names) if first else None
    length = header.length if header else 0
    return Cursor(offset=length), header, chain([first[length:]], blocks)


def _names(job: Job, cloud: Cloud) -> tuple[str, ...]:
    return models.describe(cloud, job.model, job.version).columns


def _content(job: Job, offset: int, cloud: Cloud) -> Iterator[bytes]:
    if job.gzip:
        return objects.inflate(objects.stream(cloud, job.source), offset)
    return objects.stream(cloud, job.source, offset)


class _Content:
    """Blocks for a scanner; those of a gzip file are kept until :meth:`take`."""

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
        """Return the bytes of a span, and forget those up to its end."""
        data = bytes(self._kept[span.start - self._offset : span.end - self._offset])
        del self._kept[: span.end - self._offset]
        self._offset = span.end
        return data


def _chunks(job: Job, spans: Iterable[Span], start: int, content: _Content, cloud: Cloud) -> Iterator[Chunk]:
    for index, span in enumerate(spans, start=start):
        key = ""
        if job.gzip:
            if span.end > LARGEST_GZIP:
                raise InvalidInput(
                    f"{job.source.name} inflates to more than {LARGEST_GZIP} bytes: send it uncompressed, or as "
                    "several files"
                )
            key = f"{job.work}chunk-{index:05}"
            objects.put_once(cloud, key, content.take(span), "application/octet-stream")
        yield Chunk(job.id, index, span.first, span.rows, span.start, span.end, key)


def publish(job: Job, batch: list[Chunk], cloud: Cloud) -> Cursor:
    """Put chunks into the ledger, send their messages, and advance the cursor."""
    ledger = Ledger(cloud)
    for chunk in batch:
        ledger.chunks.add(chunk)
    messages.send(cloud, *(Score(job.id, chunk.index) for chunk in batch), correlation=job.correlation)
    last = batch[-1]
    cursor = Cursor(last.end, last.first + last.rows, last.index + 1)
    ledger.jobs.advance(job.id, cursor)
    return cursor


def finish(job: Job, cursor: Cursor, cloud: Cloud) -> str:
    """Record that a job's file is split, and conclude the job if all chunks are done."""
    found = Ledger(cloud).jobs.split(job.id, chunks=cursor.index, rows=cursor.row - 1)
    if found and found.state == State.RUNNING:
        conclude(found, cloud)
    return "split"


def conclude(job: Job, cloud: Cloud) -> None:
    """Send the message that finishes a job, if all its chunks are done.

    The worker that counts the last chunk checks the same after counting it: the later of the two sees that all are
    done.
    """
    if job.chunks is not None and Ledger(cloud).tallies.total(job.id).chunks == job.chunks:
        messages.send(cloud, Finish(job.id), correlation=job.correlation)
