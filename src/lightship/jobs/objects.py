"""Objects: read in ranges and as streams, written once."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from lightship import aws
from lightship.errors import InvalidInput, NotFound, Unavailable
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Part
from lightship.jobs.ledger.requests import Source

BLOCK = 1024 * 1024

# Inflated bytes beyond which a gzip file may not be so many times its own size: deflate's best is about 1030.
SUSPICIOUS_BYTES = 64 * BLOCK
SUSPICIOUS_RATIO = 300

# Bytes that a gzip file may have beside so many for each inflated one. Only members of nothing take more.
HOLLOW_BYTES = 4 * BLOCK
HOLLOW_RATIO = 100

# What zlib is given of a gzip file's member at first.
_FIRST_PIECE = 512
_PADDING = re.compile(rb"\0*")

_RECONNECTIONS = 5


def describe(cloud: Cloud, bucket: str, key: str) -> Source:
    """An object as it is now; raises NotFound."""
    try:
        found = cloud.s3.head_object(Bucket=bucket, Key=key)
    except cloud.s3.exceptions.ClientError as error:
        if aws.code(error) in aws.DENIED:  # also S3's answer for a missing object where the bucket may not be listed
            raise NotFound(f"s3://{bucket}/{key} is not there, or not ours to read") from None
        raise _missing(error, bucket, key) from None
    return Source(bucket, key, found.get("VersionId", ""), found["ETag"].strip('"'), found["ContentLength"])


def read(cloud: Cloud, key: str) -> bytes:
    """A small object of the jobs' bucket; raises NotFound."""
    return read_range(cloud, Source(cloud.bucket, key), 0, None)


def read_range(cloud: Cloud, source: Source, start: int, end: int | None) -> bytes:
    """Bytes ``[start, end)`` of a source, or all from ``start``; raises NotFound where it is not what it was."""
    return b"".join(stream(cloud, source, start, end))


def stream(cloud: Cloud, source: Source, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Blocks of a source; a connection that breaks is taken up again where it broke. Raises NotFound, Unavailable."""
    failures = 0
    while True:
        body = _open(cloud, source, start, end)
        if body is None:
            return
        try:
            while block := body.read(BLOCK):
                start += len(block)
                yield block
        except _broken() as error:
            failures += 1
            if failures > _RECONNECTIONS:
                raise Unavailable(f"reading {_uri(source)} breaks off again and again: {error}") from None
        else:
            return
        finally:
            body.close()


def inflate(blocks: Iterable[bytes], skip: int = 0) -> Iterator[bytes]:
    """The content of a gzip file of any number of members, from byte ``skip`` on, in blocks of bounded size.

    Raises InvalidInput for what is no gzip, is cut off, inflates beyond all reason, or to next to nothing.
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
    """What a gzip file holds, in pieces of any size.

    zlib copies what comes after a member, so that it is given little at first, and twice as much each next time.
    """
    engine, most = zlib.decompressobj(wbits=31), _FIRST_PIECE
    taken = given = 0
    for block in blocks:
        start, view = 0, memoryview(block)
        while (start := _zeros(block, start) if engine.eof else start) < len(block):
            if engine.eof:
                engine, most = zlib.decompressobj(wbits=31), _FIRST_PIECE
            piece = view[start : start + most]
            try:
                content = engine.decompress(piece, BLOCK)
            except zlib.error as error:
                raise InvalidInput(f"the file is no gzip, or is damaged: {error}") from None
            read = len(piece) - len(engine.unconsumed_tail) - len(engine.unused_data)
            start, taken, given, most = start + read, taken + read, given + len(content), min(2 * most, BLOCK)
            if given > max(SUSPICIOUS_BYTES, SUSPICIOUS_RATIO * taken):
                raise InvalidInput(f"the gzip file inflates to over {SUSPICIOUS_RATIO} times its size: that is refused")
            if taken > HOLLOW_BYTES + HOLLOW_RATIO * given:
                raise InvalidInput(f"the gzip file holds {given} bytes in its first {taken}: a hollow one is refused")
            yield content
    if not engine.eof and taken:
        raise InvalidInput("the gzip file is cut off: its end is missing")


def _zeros(block: bytes, start: int) -> int:
    """Where zeros end, which may pad a member's end."""
    found = _PADDING.match(block, start)
    return found.end() if found else start


def put_once(cloud: Cloud, key: str, data: bytes, media_type: str) -> Part:
    """Write an object unless it is there; returns what is stored.

    S3 refuses what arrives with another digest, and boto3 works out no checksum of its own. Writers agree on the
    content. Should they not (processors round differently), the first one is right.
    """
    digest = hashlib.sha256(data)
    place = {"Bucket": cloud.bucket, "Key": key}
    checksum = {
        "ChecksumSHA256": base64.b64encode(digest.digest()).decode(),
        "Metadata": {"sha256": digest.hexdigest()},
    }
    if aws.put(cloud.s3, etag=None, **place, Body=data, ContentType=media_type, **checksum) is None:
        found = cloud.s3.head_object(**place)
        return Part(key, found["ContentLength"], found["Metadata"].get("sha256", ""))
    return Part(key, len(data), digest.hexdigest())


def list_keys(cloud: Cloud, bucket: str, prefix: str) -> Iterator[Source]:
    """The objects below a prefix, in the order of their keys; folders' markers are left out."""
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", []):
            if not entry["Key"].endswith("/"):
                yield Source(bucket, entry["Key"], "", entry["ETag"].strip('"'), entry["Size"])


def _open(cloud: Cloud, source: Source, start: int, end: int | None) -> Any:
    """The body of a ranged GET of just the version that the source names; None for an empty range."""
    if end is not None and start >= end:
        return None
    pinned = {"VersionId": source.version} if source.version else {"IfMatch": source.etag} if source.etag else {}
    span = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
    try:
        return cloud.s3.get_object(Bucket=source.bucket, Key=source.key, **pinned, **span)["Body"]
    except cloud.s3.exceptions.ClientError as error:
        if aws.code(error) in {"InvalidRange", "416"} and end is None:
            return None
        raise _missing(error, source.bucket, source.key) from None


def _missing(error: Exception, bucket: str, key: str) -> Exception:
    """What to raise for an error of S3: itself, unless it says that the object is not there any more."""
    if aws.code(error) in aws.MISSING:
        return NotFound(f"s3://{bucket}/{key} is not there")
    if aws.code(error) in aws.CONFLICT:
        return NotFound(f"s3://{bucket}/{key} is not what it was when the job was made: it was replaced")
    return error


def _broken() -> tuple[type[Exception], ...]:
    """What botocore and those below it raise when a connection breaks in the middle of a body."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError

    return (HTTPClientError, IncompleteReadError, ResponseStreamingError, ConnectionError, TimeoutError)


def _uri(source: Source) -> str:
    return f"s3://{source.bucket}/{source.key}"
