"""Objects: read in ranges and as streams, written once."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from lightship.errors import InvalidInput, NotFound, Unavailable
from lightship.jobs.cloud import Cloud
from lightship.jobs.records import Source

BLOCK = 1024 * 1024

# Inflated bytes beyond which a gzip file may not be so many times its own size: deflate's best is about 1030.
SUSPICIOUS_BYTES = 64 * BLOCK
SUSPICIOUS_RATIO = 300

_RECONNECTIONS = 5
_MISSING = {"NoSuchKey", "NoSuchVersion", "NotFound", "404"}
_DENIED = {"403", "AccessDenied"}
_CHANGED = {"PreconditionFailed", "412"}
_TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}


def describe(cloud: Cloud, bucket: str, key: str) -> Source:
    """An object as it is now; raises NotFound."""
    try:
        found = cloud.s3.head_object(Bucket=bucket, Key=key)
    except cloud.s3.exceptions.ClientError as error:
        if _code(error) in _DENIED:  # S3's word for a missing object too, to those who may not list all of the bucket
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

    Raises InvalidInput for what is no gzip, is cut off, or inflates beyond all reason.
    """
    engine = zlib.decompressobj(wbits=31)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        pending = block
        while pending := pending.lstrip(b"\0") if engine.eof else pending:  # zeros may pad a member's end
            if engine.eof:
                engine = zlib.decompressobj(wbits=31)
            try:
                content = engine.decompress(pending, BLOCK)
            except zlib.error as error:
                raise InvalidInput(f"the file is no gzip, or is damaged: {error}") from None
            pending = engine.unconsumed_tail or engine.unused_data
            given += len(content)
            if given > max(SUSPICIOUS_BYTES, SUSPICIOUS_RATIO * taken):
                raise InvalidInput(f"the gzip file inflates to over {SUSPICIOUS_RATIO} times its size: that is refused")
            if content and given > skip:
                yield content[max(0, len(content) - (given - skip)) :]
    if not engine.eof and taken:
        raise InvalidInput("the gzip file is cut off: its end is missing")


def put_once(cloud: Cloud, key: str, data: bytes, media_type: str) -> dict[str, Any]:
    """Write an object unless it is there; returns key, bytes and sha256 of what stands.

    Writers agree on the content. Should they not (processors round differently), the first one is right.
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        cloud.s3.put_object(
            Bucket=cloud.bucket,
            Key=key,
            Body=data,
            ContentType=media_type,
            Metadata={"sha256": digest},
            IfNoneMatch="*",
        )
    except cloud.s3.exceptions.ClientError as error:
        if _code(error) not in _TAKEN:
            raise
        found = cloud.s3.head_object(Bucket=cloud.bucket, Key=key)
        return {"key": key, "bytes": found["ContentLength"], "sha256": found["Metadata"].get("sha256", "")}
    return {"key": key, "bytes": len(data), "sha256": digest}


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
        if _code(error) in {"InvalidRange", "416"} and end is None:
            return None
        raise _missing(error, source.bucket, source.key) from None


def _missing(error: Exception, bucket: str, key: str) -> Exception:
    """What to raise for an error of S3: itself, unless it says that the object is not there any more."""
    if _code(error) in _MISSING:
        return NotFound(f"s3://{bucket}/{key} is not there")
    if _code(error) in _CHANGED:
        return NotFound(f"s3://{bucket}/{key} is not what it was when the job was made: it was replaced")
    return error


def _broken() -> tuple[type[Exception], ...]:
    """What botocore and those below it raise when a connection breaks in the middle of a body."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError

    return (HTTPClientError, IncompleteReadError, ResponseStreamingError, ConnectionError, TimeoutError)


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code"))


def _uri(source: Source) -> str:
    return f"s3://{source.bucket}/{source.key}"
