"""What is compiled: a dropped model file and the model.yaml beside it, named and hashed, and never parsed."""

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

# Bytes of the largest file that is compiled on AWS: a quarter of the worker's disk.
LARGEST = 2560 * 1024 * 1024

# One byte more of a model.yaml than its reader takes, which then says so.
_LARGEST_CONFIG = 1024 * 1024 + 1

_SCRATCH = "lightship-incoming-"
_ABANDONED_SECONDS = 1800.0
_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class Material:
    """A model file and its model.yaml, where they are in S3.

    Attributes:
        model: the model's name, from the file's.
        digests: the SHA-256 of both files by name; None for a model.yaml that is not there.
        source: parameters of S3's GetObject for exactly this file.
        config: the same for its model.yaml; None where there is none.
    """

    model: str
    digests: Mapping[str, str | None]
    source: Mapping[str, str]
    config: Mapping[str, str] | None


class Gone(Exception):
    """The object is not there any more, or another one is in its place: that one has an event of its own."""


def locate(drop: ObjectCreated, s3: Any) -> dict[str, Any]:
    """The object that an event is about, as S3 has it now; raises Gone where that is another one, or none."""
    try:
        found = s3.head_object(Bucket=drop.bucket, Key=drop.key)
    except s3.exceptions.ClientError as error:
        raise _gone(error) from None
    version, etag = found.get("VersionId", ""), found["ETag"].strip('"')
    if (drop.version and version != drop.version) or (drop.etag and etag != drop.etag):
        raise Gone
    return {"version_id": version, "etag": etag, "size": found["ContentLength"]}


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one file. What invocations that timed out left on the disk is removed first."""
    for left in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        with contextlib.suppress(FileNotFoundError):  # of an invocation that has just finished
            if left.is_dir() and time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as folder:
        yield Path(folder)


def examine(drop: ObjectCreated, place: Mapping[str, Any], s3: Any) -> Material:
    """Name and hash both files. Raises SourceRefused (name), TooLarge or Gone."""
    model = incoming.model_name(drop.key, None)
    if int(place["size"]) > LARGEST:
        raise TooLarge(
            f"the file has {place['size']} bytes, and files of at most {LARGEST} are compiled here: compile it with "
            "`lightship compile` and push the version with `lightship push`"
        )
    source = _exactly(drop.bucket, drop.key, place["version_id"], f'"{place["etag"]}"')
    try:
        sha256 = _hash(s3.get_object(**source)["Body"], LARGEST)
    except s3.exceptions.ClientError as error:
        raise _gone(error) from None
    config, config_sha256 = _config(s3, drop.bucket, incoming.config_key(drop.key))
    return Material(model, {"sha256": sha256, "config_sha256": config_sha256}, source, config)


def sign(s3: Any, parameters: Mapping[str, str], seconds: int) -> Download:
    """An address that gives one object for so many seconds: this version of it, and no other."""
    url = s3.generate_presigned_url("get_object", Params=dict(parameters), ExpiresIn=seconds)
    return Download(url, {"If-Match": parameters["IfMatch"]})


def _config(s3: Any, bucket: str, key: str) -> tuple[Mapping[str, str] | None, str | None]:
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if isinstance(_gone(error), Gone):
            return None, None
        raise
    return _exactly(bucket, key, found.get("VersionId", ""), found["ETag"]), _hash(found["Body"], _LARGEST_CONFIG)


def _exactly(bucket: str, key: str, version: str, etag: str) -> dict[str, str]:
    parameters = {"Bucket": bucket, "Key": key, "IfMatch": etag}
    return parameters | ({"VersionId": version} if version else {})


def _hash(body: Any, limit: int) -> str:
    """The SHA-256 of a stream's beginning, in hexadecimal."""
    digest = hashlib.sha256()
    with contextlib.closing(body):
        while limit and (block := body.read(min(limit, _BLOCK))):
            digest.update(block)
            limit -= len(block)
    return digest.hexdigest()


def _gone(error: Exception) -> Exception:
    """Gone for an error of S3's that says so, the error itself for any other."""
    return Gone() if aws.code(error) in aws.MISSING | {"PreconditionFailed"} else error
