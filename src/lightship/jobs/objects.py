"""Objects of S3: read in ranges and as streams, written once."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from lightship import aws
from lightship.aws.boto_objects import needs_boto3
from lightship.aws.errors import NO_RESPONSE
from lightship.aws.objects import Description
from lightship.errors import InvalidInput, NotFound, Unavailable
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Part
from lightship.jobs.ledger.requests import Source

BLOCK = 1024 * 1024

# The content of an object, whole or in pieces.
Data = bytes | Sequence[bytes | memoryview]

# Beyond SUSPICIOUS_BYTES, a gzip file may inflate to at most SUSPICIOUS_RATIO times its size (deflate reaches 1030).
SUSPICIOUS_BYTES = 64 * BLOCK
SUSPICIOUS_RATIO = 300

# A gzip file may have at most HOLLOW_BYTES plus HOLLOW_RATIO for each inflated byte. Only empty members need more.
HOLLOW_BYTES = 4 * BLOCK
HOLLOW_RATIO = 100

# Bytes of a gzip member that zlib is given first.
_FIRST_INPUT = 512
_PADDING = re.compile(rb"\0*")

# S3's code for a range that begins at the end of an object, or its HTTP status.
_NOTHING_LEFT = frozenset({"InvalidRange", "416"})


def describe(cloud: Cloud, bucket: str, key: str) -> Source:
    """Return the current version of an object; raises NotFound."""
    with _not_found(bucket, key, denied=True):
        found = cloud.storage.holder(bucket, key).head(key)
    if found is None:
        raise _missing(bucket, key)
    return _source(bucket, found)


def read(cloud: Cloud, key: str) -> bytes:
    """Return a small object of the jobs' bucket; raises NotFound."""
    return read_range(cloud, Source(cloud.bucket, key), 0, None)


def read_range(cloud: Cloud, source: Source, start: int, end: int | None) -> bytes:
    """Return bytes ``[start, end)`` of a source, or all from ``start``.

    Raises NotFound where the object was deleted or replaced.
    """
    return b"".join(stream(cloud, source, start, end))


def stream(cloud: Cloud, source: Source, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Return bytes ``[start, end)`` of a source, or all from ``start``, in blocks.

    Resumes where a connection broke, several times. Raises NotFound.
    """
    if end is not None and start >= end:
        return
    holder = cloud.storage.holder(source.bucket, source.key)
    with _not_found(source.bucket, source.key):
        try:
            found = holder.read(source.key, start=start, end=end, etag=source.etag, version=source.version)
        except aws.ObjectsError as error:
            if error.code in _NOTHING_LEFT and end is None:
                return
            raise
        if found is None:
            raise _missing(source.bucket, source.key)
        yield from found.blocks


def inflate(blocks: Iterable[bytes], skip: int = 0) -> Iterator[bytes]:
    """Return the content of a gzip file from byte ``skip`` on, in bounded blocks.

    The file may have any number of members. Raises InvalidInput for a file that is not gzip, is truncated, or inflates
    to too many bytes (SUSPICIOUS_BYTES, SUSPICIOUS_RATIO) or too few (HOLLOW_BYTES, HOLLOW_RATIO) for its size.
    """
    held = bytearray()
    for content in _inflated(blocks):
        held += content[skip:]
        skip = max(0, skip - len(content))
        if len(held) >= BLOCK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _inflated(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Return the content of a gzip file in blocks of any size.

    zlib copies the bytes that follow a member, so it is given few bytes of a member first, then twice as many each
    time.
    """
    engine, most = zlib.decompressobj(wbits=31), _FIRST_INPUT
    consumed = produced = 0
    for block in blocks:
        start, view = 0, memoryview(block)
        while (start := _zeros(block, start) if engine.eof else start) < len(block):
            if engine.eof:
                engine, most = zlib.decompressobj(wbits=31), _FIRST_INPUT
            window = view[start : start + most]
            try:
                content = engine.decompress(window, BLOCK)
            except zlib.error as error:
                raise InvalidInput(f"the file is not gzip, or is damaged: {error}") from None
            used = len(window) - len(engine.unconsumed_tail) - len(engine.unused_data)
            start, consumed = start + used, consumed + used
            produced, most = produced + len(content), min(2 * most, BLOCK)
            if produced > max(SUSPICIOUS_BYTES, SUSPICIOUS_RATIO * consumed):
                raise InvalidInput(f"the gzip file inflates to more than {SUSPICIOUS_RATIO} times its size")
            if consumed > HOLLOW_BYTES + HOLLOW_RATIO * produced:
                raise InvalidInput(f"the first {consumed} bytes of the gzip file inflate to only {produced} bytes")
            yield content
    if not engine.eof and consumed:
        raise InvalidInput("the gzip file is truncated")


def _zeros(block: bytes, start: int) -> int:
    """Return the end of the zeros from ``start``, with which a member may be padded."""
    found = _PADDING.match(block, start)
    return found.end() if found else start


def put_once(cloud: Cloud, key: str, data: Data, media_type: str) -> Part:
    """Write an object unless its key exists; return the part that is stored.

    S3 verifies a checksum on arrival, and stores the SHA-256. All writers of a key write equal bytes. Where they do not
    (processors round differently), the first object is kept.
    """
    pieces = [data] if isinstance(data, bytes) else data
    bucket, hashed = cloud.storage.bucket(cloud.bucket), hashlib.sha256()
    for piece in pieces:
        hashed.update(piece)
    digest = hashed.hexdigest()
    if bucket.put(key, pieces, etag=None, media_type=media_type, metadata={"sha256": digest}) is not None:
        return Part(key, sum(map(len, pieces)), digest)
    found = bucket.head(key)
    if found is None:
        raise Unavailable(f"s3://{cloud.bucket}/{key} was deleted while it was written")
    return Part(key, found.size, found.metadata.get("sha256", ""))


def list_objects(cloud: Cloud, bucket: str, prefix: str) -> Iterator[Source]:
    """Return the objects below a prefix in key order, without folder markers.

    From the first key on that obstore cannot list, boto3 lists them, which takes fifteen times the processor time.
    """
    last = ""
    if prefix.endswith("/") and not needs_boto3(prefix[:-1]):
        try:
            for found in cloud.storage.bucket(bucket).list(prefix):
                if not found.size:  # a folder marker, perhaps: it is listed without its slash
                    break
                yield _source(bucket, found)
                last = found.key
            else:
                return
        except aws.ObjectsError as error:
            if error.code not in NO_RESPONSE:
                raise
    for found in cloud.storage.by_boto3(bucket).list(prefix):
        if not found.key.endswith("/") and found.key.encode() > last.encode():
            yield _source(bucket, found)


def _source(bucket: str, found: Description) -> Source:
    return Source(bucket, found.key, found.version, found.etag.strip('"'), found.size)


@contextmanager
def _not_found(bucket: str, key: str, *, denied: bool = False) -> Iterator[None]:
    """Translate S3's refusal of a missing or replaced object to NotFound.

    With ``denied`` also that of an object that the credentials do not allow to read.
    """
    try:
        yield
    except aws.ObjectsError as error:
        if error.code in aws.MISSING:
            raise _missing(bucket, key) from None
        if error.code in aws.CONFLICT:
            was = "is not the object that the job was created for: it was replaced"
            raise NotFound(f"s3://{bucket}/{key} {was}") from None
        if denied and error.code in aws.DENIED:  # S3's response for a missing object too, without permission to list
            raise NotFound(f"s3://{bucket}/{key} does not exist, or reading it is not allowed") from None
        raise


def _missing(bucket: str, key: str) -> NotFound:
    return NotFound(f"s3://{bucket}/{key} does not exist")
