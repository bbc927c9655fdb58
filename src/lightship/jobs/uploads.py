"""Uploads and downloads of a job's client, by presigned URLs of S3."""

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

# Seconds until a presigned URL expires (of a part, 24 times as many), and the most bytes of one PUT.
URL_SECONDS = 3600
LARGEST_UPLOAD = 5 * 1024**3

# Multipart uploads: all URLs must fit in Lambda's response limit of 6 MB, and S3 accepts no part over 5 GiB, nor one
# below 5 MiB but the last.
_MOST_PARTS = 1000
_PART = 64 * 1024**2
_LEAST_PART = 5 * 1024**2

# S3's error codes for parts that do not form an object.
_WRONG_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML", "InvalidRequest"}

_LONGEST_KEY = 1024
_LONGEST_OWNER = 512
_LONGEST_NAME = 200

_FOLDER = re.compile("[0-9a-f]{32}/")


def prefix(owner: str) -> str:
    """Return the prefix of an owner's uploads.

    Long owner names are replaced by their SHA-256, because S3 keys have at most 1024 bytes.
    """
    name = quote(owner, safe="")
    return f"uploads/{name if len(name) <= _LONGEST_OWNER else hashlib.sha256(owner.encode()).hexdigest()}/"


def check_key(key: str) -> None:
    """Raise InvalidInput for an upload key that is unprintable or too long for S3."""
    if not key.isprintable() or len(key.encode()) > _LONGEST_KEY:
        raise InvalidInput(
            f"the key of the upload, {key[-200:]!r}, must be printable and have at most {_LONGEST_KEY} bytes"
        )


def check_owner(owner: str, key: str) -> None:
    """Raise NotFound for a key that is not below the prefix of an owner's uploads."""
    if not key.startswith(prefix(owner)) or len(key.encode()) > _LONGEST_KEY:
        raise NotFound(f"there is no object '{key[:200]}' among your uploads")


def begin(
    cloud: Cloud, *, owner: str, name: str, size: int = 0, part_bytes: int = 0, folder: str = ""
) -> dict[str, Any]:
    """Return where an owner may upload a file: its ``key`` and presigned URLs.

    ``url`` is for one PUT; above ``part_bytes``, or above 5 GiB where that is 0, ``parts`` has one URL for each part,
    and ``upload`` is the upload id that :func:`complete` requires, with the parts' ETags. Parts have ``part_bytes``, or
    more where there would be too many. The key is in a new folder, or in the ``folder`` of an earlier response. A URL
    accepts a body of exactly ``size`` bytes, or of its part's size; where ``size`` is 0, any body up to S3's limit,
    LARGEST_UPLOAD.

    Raises InvalidInput; NotFound for a folder that is not the owner's.
    """
    _check_file(name, size)
    if part_bytes and not _LEAST_PART <= part_bytes <= LARGEST_UPLOAD:
        raise InvalidInput(f"'part_bytes' must be from {_LEAST_PART} to {LARGEST_UPLOAD}, not {part_bytes}")
    own = prefix(owner)
    folder = folder or f"{own}{uuid.uuid4().hex}/"
    if not _FOLDER.fullmatch(folder.removeprefix(own)):
        raise NotFound(f"there is no folder '{folder[:200]}' among your uploads")
    location = {"Bucket": cloud.bucket, "Key": folder + name}
    if size <= (part_bytes or LARGEST_UPLOAD):
        urls = _single_url(cloud, location, size)
    else:
        urls = _part_urls(cloud, location, size, part_bytes or _PART)
    return {"key": location["Key"], "folder": folder} | urls


def _check_file(name: str, size: int) -> None:
    if not name.isprintable() or not name or "/" in name or len(name.encode()) > _LONGEST_NAME:
        raise InvalidInput(f"an upload's 'name' must be printable, without '/', and of 1 to {_LONGEST_NAME} bytes")
    if not 0 <= size <= _MOST_PARTS * LARGEST_UPLOAD:
        raise InvalidInput(f"an upload's 'size' must be from 0 to {_MOST_PARTS * LARGEST_UPLOAD} bytes, not {size}")


def _single_url(cloud: Cloud, location: dict[str, str], size: int) -> dict[str, Any]:
    signed = location | ({"ContentLength": size} if size else {})
    return {"url": cloud.s3.generate_presigned_url("put_object", Params=signed, ExpiresIn=URL_SECONDS)}


def _part_urls(cloud: Cloud, location: dict[str, str], size: int, least: int) -> dict[str, Any]:
    part = max(least, -(-size // _MOST_PARTS))
    upload = cloud.s3.create_multipart_upload(**location)["UploadId"]
    signed = [
        {**location, "UploadId": upload, "PartNumber": number, "ContentLength": min(part, size - start)}
        for number, start in enumerate(range(0, size, part), start=1)
    ]
    urls = [cloud.s3.generate_presigned_url("upload_part", Params=each, ExpiresIn=24 * URL_SECONDS) for each in signed]
    return {"upload": upload, "part_bytes": part, "parts": urls}


def complete(cloud: Cloud, *, owner: str, key: str, upload: str, etags: Sequence[str]) -> None:
    """Complete a multipart upload; repeated calls change nothing.

    Raises NotFound for a key that is not the owner's or an unknown upload, InvalidInput for parts that differ from
    those uploaded.
    """
    check_owner(owner, key)
    parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, start=1)]
    location = {"Bucket": cloud.bucket, "Key": key}
    try:
        # Some S3 servers report a missing upload for ListParts, but not for CompleteMultipartUpload.
        cloud.s3.list_parts(**location, UploadId=upload, MaxParts=1)
        cloud.s3.complete_multipart_upload(**location, UploadId=upload, MultipartUpload={"Parts": parts})
    except cloud.s3.exceptions.ClientError as error:
        code = aws.code(error)
        if code in _WRONG_PARTS:
            raise InvalidInput(f"the parts do not form a file: S3 returned {code}") from None
        if code != "NoSuchUpload":
            raise
        objects.describe(cloud, cloud.bucket, key)  # a completed upload no longer exists, but its object does


def download(cloud: Cloud, job: Job, name: str) -> str:
    """Return a presigned URL of an object below a job's output; raises NotFound.

    ``name`` is the rest of its key, as ``receipt.json`` or a part's name.
    """
    key = job.output + name
    if len(key.encode()) > _LONGEST_KEY:
        raise NotFound(f"the job has no output '{name[:200]}…': its key would exceed {_LONGEST_KEY} bytes")
    try:
        objects.describe(cloud, cloud.bucket, key)
    except NotFound:
        raise NotFound(f"the job has no output '{name[:200]}': receipt.json lists all outputs") from None
    location = {"Bucket": cloud.bucket, "Key": key}
    return str(cloud.s3.generate_presigned_url("get_object", Params=location, ExpiresIn=URL_SECONDS))
