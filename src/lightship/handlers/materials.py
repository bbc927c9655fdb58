"""What is compiled: a dropped model file and the model.yaml beside it, fetched within this disk's limits."""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship import aws
from lightship.bundle import digest_file
from lightship.compiler.config import read_config
from lightship.errors import TooLarge, Unavailable
from lightship.handlers import incoming
from lightship.handlers.queues import Dropped

# A file of so many bytes needs so many times as many on the disk: itself, what is in it, the graph, the bundle.
_ROOM = 4

_LARGEST_CONFIG = 1024 * 1024 + 1  # a byte more than read_config takes: it says so
_SCRATCH = "lightship-incoming-"
_ABANDONED_SECONDS = 1800.0


@dataclass(frozen=True)
class Material:
    """A model file and its model.yaml on this disk, the model's name, and the SHA-256 of both files by name."""

    model: str
    source: Path
    config: Mapping[str, Any]
    digests: Mapping[str, str | None]


class Gone(Exception):
    """The object is not there any more, or another one is in its place: whoever put it there has an event too."""


def locate(drop: Dropped, s3: Any) -> dict[str, Any]:
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
        with contextlib.suppress(FileNotFoundError):  # somebody who has just finished
            if left.is_dir() and time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as folder:
        yield Path(folder)


def fetch(drop: Dropped, place: Mapping[str, Any], folder: Path, s3: Any) -> Material:
    """Both files. Raises SourceRefused (name), CompileError (model.yaml), TooLarge, Unavailable (disk) or Gone."""
    _check_room(int(place["size"]), shutil.disk_usage(folder))
    config = folder / "model.yaml"
    beside = _small(s3, drop.bucket, incoming.config_key(drop.key))
    if beside is not None:
        config.write_bytes(beside)
    record = read_config(config) if beside is not None else {}
    model = incoming.model_name(drop.key, record.get("name"))
    source = folder / drop.key.removeprefix(incoming.PREFIX)
    version = {"VersionId": place["version_id"]} if place["version_id"] else {}
    try:
        s3.download_file(drop.bucket, drop.key, str(source), ExtraArgs=version)
    except s3.exceptions.ClientError as error:
        raise _gone(error) from None
    except OSError as error:  # others have filled the disk meanwhile
        raise (_full(int(place["size"])) if error.errno == errno.ENOSPC else error) from None
    digests = {"sha256": digest_file(source), "config_sha256": digest_file(config) if beside is not None else None}
    return Material(model, source, record, digests)


def _check_room(size: int, disk: Any) -> None:
    if size > disk.total // _ROOM:
        raise TooLarge(
            f"the file has {size} bytes, and this function's disk has room for files of {disk.total // _ROOM}: "
            "compile it with `lightship compile` and push the version with `lightship push`"
        )
    if size > disk.free // _ROOM:
        raise _full(size)


def _full(size: int) -> Unavailable:
    return Unavailable(f"the disk is too full at the moment for a file of {size} bytes")


def _small(s3: Any, bucket: str, key: str) -> bytes | None:
    """The beginning of an object, None where there is none."""
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read(_LARGEST_CONFIG)
    except s3.exceptions.ClientError as error:
        if isinstance(_gone(error), Gone):
            return None
        raise
    return body


def _gone(error: Exception) -> Exception:
    """Gone for an error of S3's that says so, the error itself for any other."""
    return Gone() if aws.code(error) in aws.MISSING else error
