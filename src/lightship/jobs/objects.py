"""Objects of S3: read in ranges and as streams, written once."""

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

# Beyond SUSPICIOUS_BYTES, a gzip file may inflate to at most SUSPICIOUS_RATIO times its size (deflate reaches 1030).
SUSPICIOUS_BYTES = 64 * BLOCK
SUSPICIOUS_RATIO = 300

# A gzip file may have at most HOLLOW_BYTES plus HOLLOW_RATIO for each inflated byte. Only empty members need more.
HOLLOW_BYTES = 4 * BLOCK
HOLLOW_RATIO = 100

# Bytes of a gzip member that zlib is given first.
_FIRST_INPUT = 512
_PADDING = re.compile(rb"\0*")

_RECONNECTIONS = 5


def describe(cloud: Cloud, bucket: str, key: str) -> Source:
    """Return the current version of an object; raises NotFound."""
    try:
        found = cloud.s3.head_object(Bucket=bucket, Key=key)
    except cloud.s3.exceptions.ClientError as error:
        if aws.code(error) in aws.DENIED:  # S3's response for a missing object too, without permission to list
            raise NotFound(f"s3://{bucket}/{key} does not exist, or reading it is not allowed") from None
        raise _missing(error, bucket, key) from None
    return Source(bucket, key, found.get("VersionId", ""), found["ETag"].strip('"'), found["ContentLength"])


def read(cloud: Cloud, key: str) -> bytes:
    """Return a small object of the jobs' bucket; raises NotFound."""
    return read_range(cloud, Source(cloud.bucket, key), 0, None)


def read_range(cloud: Cloud, source: Source, start: int, end: int | None) -> bytes:
    """Return bytes ``[start, end)`` of a source, or all from ``start``.

    Raises NotFound where the object was deleted or replaced.
    """
    return b"".join(stream(cloud, source, start, end))


def stream(cloud: Cloud, source: Source, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Return a source in blocks, resuming where a broken connection stopped.

    Raises NotFound, or Unavailable after too many broken connections.
    """
    failures = 0
    while True:
        body = _open(cloud, source, start, end)
        if body is None:
            return
        try:
            while block := body.read(BLOCK):
                start += len(block)
                yield block
        except _connection_errors() as error:
            failures += 1
            if failures > _RECONNECTIONS:
                raise Unavailable(f"reading {_uri(source)} failed {failures} times: {error}") from None
        else:
            return
        finally:
            body.close()


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


def put_once(cloud: Cloud, key: str, data: bytes, media_type: str) -> Part:
    """Write an object unless its key exists; return the part that is stored.

    S3 verifies the SHA-256 on arrival; boto3 computes no checksum of its own. All writers of a key write equal bytes.
    Where they do not (processors round differently), the first object is kept.
    """
    digest = hashlib.sha256(data)
    location = {"Bucket": cloud.bucket, "Key": key}
    checksum = {
        "ChecksumSHA256": base64.b64encode(digest.digest()).decode(),
        "Metadata": {"sha256": digest.hexdigest()},
    }
    if aws.put(cloud.s3, etag=None, **location, Body=data, ContentType=media_type, **checksum) is None:
        found = cloud.s3.head_object(**location)
        return Part(key, found["ContentLength"], found["Metadata"].get("sha256", ""))
    return Part(key, len(data), digest.hexdigest())


def list_objects(cloud: Cloud, bucket: str, prefix: str) -> Iterator[Source]:
    """Return the objects below a prefix in key order, without folder markers."""
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for entry in page.get("Contents", []):
            if not entry["Key"].endswith("/"):
                yield Source(bucket, entry["Key"], "", entry["ETag"].strip('"'), entry["Size"])


def _open(cloud: Cloud, source: Source, start: int, end: int | None) -> Any:
    """Return the body of a ranged GET of the version that the source names.

    None for an empty range.
    """
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
    """Return the exception for an S3 error: NotFound, or the error itself."""
    if aws.code(error) in aws.MISSING:
        return NotFound(f"s3://{bucket}/{key} does not exist")
    if aws.code(error) in aws.CONFLICT:
        return NotFound(f"s3://{bucket}/{key} is not the object that the job was created for: it was replaced")
    return error


def _connection_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that a connection broken within a body raises."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError

    return (HTTPClientError, IncompleteReadError, ResponseStreamingError, ConnectionError, TimeoutError)


def _uri(source: Source) -> str:
    return f"s3://{source.bucket}/{source.key}"
