"""Uploads and downloads of a job's client: addresses that S3 accepts without other credentials."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from lightship import aws
from lightship.errors import InvalidInput, NotFound
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.records import Job

# How long an object's address works, in seconds, and the most that one PUT takes, in bytes.
URL_SECONDS = 3600
LARGEST_UPLOAD = 5 * 1024**3

# An upload in parts: their addresses must fit in one answer of Lambda's 6 MB, and S3 takes no part over 5 GB.
_MOST_PARTS = 1000
_LEAST_PART = 64 * 1024**2

# What S3 says of parts that do not make an object.
_WRONG_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML", "InvalidRequest"}

_LONGEST_KEY = 1024
_LONGEST_OWNER = 512
_LONGEST_NAME = 200

_FOLDER = re.compile("[0-9a-f]{32}/")


def prefix(owner: str) -> str:
    """Return the prefix of an owner's uploads. Keys end at 1024 bytes: long names are digested."""
    name = quote(owner, safe="")
    return f"uploads/{name if len(name) <= _LONGEST_OWNER else hashlib.sha256(owner.encode()).hexdigest()}/"


def check_key(key: str) -> None:
    """Raise InvalidInput for an upload's key that S3, or the reader of a log, could not take."""
    if not key.isprintable() or len(key.encode()) > _LONGEST_KEY:
        raise InvalidInput(
            f"{key[-200:]!r} is no name for an upload: it must be printable, up to {_LONGEST_KEY} bytes in all"
        )


def check_owner(owner: str, key: str) -> None:
    """Raise NotFound for a key that is not among an owner's uploads."""
    if not key.startswith(prefix(owner)) or len(key.encode()) > _LONGEST_KEY:
        raise NotFound(f"there is no object '{key[:200]}' among your uploads")


def begin(cloud: Cloud, *, owner: str, name: str, size: int = 0, folder: str = "") -> dict[str, Any]:
    """Return where an owner may put a file: ``key``, and ``url`` for one PUT, or ``parts`` with one each beyond 5 GB.

    It is in a folder of its own, or in the ``folder`` of an earlier answer. An address takes a body of exactly ``size``
    bytes, or of its part's; where ``size`` is 0, any body up to S3's own limit, LARGEST_UPLOAD. Of a multipart upload,
    ``upload`` is what :func:`complete` wants, with the parts' ETags.

    Raises InvalidInput; NotFound for a folder that is not the owner's.
    """
    _check_file(name, size)
    own = prefix(owner)
    folder = folder or f"{own}{uuid.uuid4().hex}/"
    if not _FOLDER.fullmatch(folder.removeprefix(own)):
        raise NotFound(f"there is no folder '{folder[:200]}' among your uploads")
    location = {"Bucket": cloud.bucket, "Key": folder + name}
    answer = {"key": location["Key"], "folder": folder}
    return answer | (
        _single_url(cloud, location, size) if size <= LARGEST_UPLOAD else _part_urls(cloud, location, size)
    )


def _check_file(name: str, size: int) -> None:
    if not name.isprintable() or not name or "/" in name or len(name.encode()) > _LONGEST_NAME:
        raise InvalidInput("an upload's name is that of a file, printable, without folders and up to 200 bytes long")
    if not 0 <= size <= _MOST_PARTS * LARGEST_UPLOAD:
        raise InvalidInput(f"an upload's size is from 0 to {_MOST_PARTS * LARGEST_UPLOAD} bytes")


def _single_url(cloud: Cloud, location: dict[str, str], size: int) -> dict[str, Any]:
    signed = location | ({"ContentLength": size} if size else {})
    return {"url": cloud.s3.generate_presigned_url("put_object", Params=signed, ExpiresIn=URL_SECONDS)}


def _part_urls(cloud: Cloud, location: dict[str, str], size: int) -> dict[str, Any]:
    part = max(_LEAST_PART, -(-size // _MOST_PARTS))
    upload = cloud.s3.create_multipart_upload(**location)["UploadId"]
    signed = [
        {**location, "UploadId": upload, "PartNumber": number, "ContentLength": min(part, size - start)}
        for number, start in enumerate(range(0, size, part), start=1)
    ]
    urls = [cloud.s3.generate_presigned_url("upload_part", Params=each, ExpiresIn=24 * URL_SECONDS) for each in signed]
    return {"upload": upload, "part_bytes": part, "parts": urls}


def complete(cloud: Cloud, *, owner: str, key: str, upload: str, etags: Sequence[str]) -> None:
    """Make one object of an upload's parts, once however often it is asked for.

    Raises NotFound for a key that is not the owner's or an unknown upload, InvalidInput for parts that are not what was
    uploaded.
    """
    check_owner(owner, key)
    parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, start=1)]
    location = {"Bucket": cloud.bucket, "Key": key}
    try:
        cloud.s3.list_parts(**location, UploadId=upload, MaxParts=1)  # not every S3 says to the next call what it lacks
        cloud.s3.complete_multipart_upload(**location, UploadId=upload, MultipartUpload={"Parts": parts})
    except cloud.s3.exceptions.ClientError as error:
        code = aws.code(error)
        if code in _WRONG_PARTS:
            raise InvalidInput(f"the parts do not make a file: S3 says {code}") from None
        if code != "NoSuchUpload":
            raise
        objects.describe(cloud, cloud.bucket, key)  # an upload that is completed is gone, and its object is there


def download(cloud: Cloud, job: Job, name: str) -> str:
    """Return the address of an object below a job's output, as ``receipt.json`` or a part; raises NotFound."""
    key = job.output + name
    if len(key.encode()) > _LONGEST_KEY:
        raise NotFound("the job has no output of such a long name")
    try:
        objects.describe(cloud, cloud.bucket, key)
    except NotFound:
        raise NotFound(f"the job has no output '{name[:200]}': receipt.json names what there is") from None
    location = {"Bucket": cloud.bucket, "Key": key}
    return str(cloud.s3.generate_presigned_url("get_object", Params=location, ExpiresIn=URL_SECONDS))
