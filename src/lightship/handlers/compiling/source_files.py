"""A model file and its model.yaml in S3: names and digests, without parsing."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship import aws
from lightship.aws.events import ObjectCreated
from lightship.errors import TooLarge
from lightship.handlers.compiling import incoming
from lightship.handlers.compiling.job import Download

# Maximum size in bytes of a file that is compiled on AWS: a quarter of the worker's disk.
LARGEST = 2560 * 1024 * 1024

# Bytes of a model.yaml that are hashed: more than the worker accepts, so that it refuses every file with an incomplete
# digest.
_LARGEST_CONFIG = 1024 * 1024 + 1

_SCRATCH = "lightship-incoming-"
_ABANDONED_SECONDS = 1800.0
_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class SourceFiles:
    """A model file and its model.yaml in S3.

    Attributes:
        model: the model's name, from the file's name.
        digests: SHA-256 of both files by name; None for a missing model.yaml.
        source: parameters of S3's GetObject for exactly this version of the file.
        config: the same for its model.yaml; None if it has none.
    """

    model: str
    digests: Mapping[str, str | None]
    source: Mapping[str, str]
    config: Mapping[str, str] | None


class ObjectGone(Exception):
    """The object was deleted or replaced; a replacement has its own event."""


def locate(event: ObjectCreated, s3: Any) -> dict[str, Any]:
    """Return version id, ETag and size of the object that an event is about.

    Raises ObjectGone if S3 has no such object or another version of it.
    """
    try:
        found = s3.head_object(Bucket=event.bucket, Key=event.key)
    except s3.exceptions.ClientError as error:
        raise _gone(error) from None
    version, etag = found.get("VersionId", ""), found["ETag"].strip('"')
    if (event.version and version != event.version) or (event.etag and etag != event.etag):
        raise ObjectGone
    return {"version_id": version, "etag": etag, "size": found["ContentLength"]}


@contextmanager
def scratch() -> Iterator[Path]:
    """Return a temporary folder for one file.

    First removes folders of invocations that timed out.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        with contextlib.suppress(FileNotFoundError):  # a concurrent invocation removed it
            if left.is_dir() and time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as folder:
        yield Path(folder)


def examine(event: ObjectCreated, stored: Mapping[str, Any], s3: Any) -> SourceFiles:
    """Hash both files and determine the model's name.

    Raises SourceRefused (invalid name), TooLarge or ObjectGone.
    """
    model = incoming.model_name(event.key, None)
    if int(stored["size"]) > LARGEST:
        raise TooLarge(
            f"the file has {stored['size']} bytes, the maximum for compiling on AWS is {LARGEST}: compile it with "
            "`lightship compile` and push the version with `lightship push`"
        )
    source = _exactly(event.bucket, event.key, stored["version_id"], f'"{stored["etag"]}"')
    try:
        sha256 = _hash(s3.get_object(**source)["Body"], LARGEST)
    except s3.exceptions.ClientError as error:
        raise _gone(error) from None
    config, config_sha256 = _config(s3, event.bucket, incoming.config_key(event.key))
    return SourceFiles(model, {"sha256": sha256, "config_sha256": config_sha256}, source, config)


def sign(s3: Any, parameters: Mapping[str, str], seconds: int) -> Download:
    """Return a presigned GET of one version of an object, valid for so many seconds."""
    url = s3.generate_presigned_url("get_object", Params=dict(parameters), ExpiresIn=seconds)
    return Download(url, {"If-Match": parameters["IfMatch"]})


def _config(s3: Any, bucket: str, key: str) -> tuple[Mapping[str, str] | None, str | None]:
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if isinstance(_gone(error), ObjectGone):
            return None, None
        raise
    return _exactly(bucket, key, found.get("VersionId", ""), found["ETag"]), _hash(found["Body"], _LARGEST_CONFIG)


def _exactly(bucket: str, key: str, version: str, etag: str) -> dict[str, str]:
    parameters = {"Bucket": bucket, "Key": key, "IfMatch": etag}
    return parameters | ({"VersionId": version} if version else {})


def _hash(body: Any, limit: int) -> str:
    """Return the SHA-256 of a stream's first ``limit`` bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with contextlib.closing(body):
        while limit and (block := body.read(min(limit, _BLOCK))):
            digest.update(block)
            limit -= len(block)
    return digest.hexdigest()


def _gone(error: Exception) -> Exception:
    """Convert an error about a missing or replaced object to ObjectGone."""
    return ObjectGone() if aws.code(error) in aws.MISSING | {"PreconditionFailed"} else error
