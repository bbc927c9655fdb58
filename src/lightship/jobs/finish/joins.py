"""Join a job's parts to one object by a resumable multipart upload.

The content of each upload part follows from the sizes of the job's parts alone, and S3 lists which upload parts exist.
So the join may be interrupted anywhere, and two workers may join at the same time: they write the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lightship import aws
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud

# S3's minimum size of a multipart upload's parts, except the last one.
_MIN_UPLOAD_PART = 5 * 1024 * 1024


@dataclass(frozen=True)
class _UploadPart:
    number: int
    head: bytes
    keys: list[str]
    size: int


@dataclass(frozen=True)
class Upload:
    """A multipart upload.

    Attributes:
        key: key of the object that the upload creates.
        id: S3's upload id.
        scratch: prefix of intermediate objects.
        preamble: bytes before the first part.
        batch: number of job parts that are concatenated at a time. An upload part of more job parts is built from
            intermediate objects of so many job parts each, so that an interrupted worker has made progress.
    """

    key: str
    id: str
    scratch: str
    preamble: bytes = b""
    batch: int = 32


def begin(cloud: Cloud, target: str, media_type: str) -> str:
    """Create the multipart upload of an object; return its id.

    The bucket's lifecycle rule removes uploads that are never completed.
    """
    return str(cloud.s3.create_multipart_upload(Bucket=cloud.bucket, Key=target, ContentType=media_type)["UploadId"])


def join(cloud: Cloud, sizes: Mapping[str, int], upload: Upload, *, deadline: float = float("inf")) -> bool:
    """Join objects of the jobs' bucket to one; return False where the deadline passed.

    ``sizes`` is bytes by key. S3 itself copies an object that makes up a whole upload part, so it has 5 MiB or more;
    the others are downloaded and uploaded, one upload part in memory at a time. Raises NotFound where the upload no
    longer exists and was not completed.
    """
    location = {"Bucket": cloud.bucket, "Key": upload.key, "UploadId": upload.id}
    try:
        uploaded = _uploaded(cloud, location)
        for part in _upload_parts(sizes, upload.preamble):
            if part.number not in uploaded and not _add(cloud, part, location, upload, deadline):
                return False
        parts = [{"ETag": etag, "PartNumber": number} for number, etag in sorted(_uploaded(cloud, location).items())]
        cloud.s3.complete_multipart_upload(**location, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
    except cloud.s3.exceptions.ClientError as error:
        if aws.code(error) != "NoSuchUpload" and aws.code(error) not in aws.CONFLICT:
            raise
        objects.describe(cloud, cloud.bucket, upload.key)  # another worker has completed it
    return True


def _uploaded(cloud: Cloud, location: Mapping[str, str]) -> dict[int, str]:
    """Return the ETags of the uploaded parts by number."""
    pages = cloud.s3.get_paginator("list_parts").paginate(**location)
    return {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", [])}


def _upload_parts(sizes: Mapping[str, int], preamble: bytes) -> Iterator[_UploadPart]:
    """Return the parts of the upload, at least one.

    Only the last one may be below the minimum size.
    """
    head, size, number = preamble, len(preamble), 1
    keys: list[str] = []
    for key, length in sizes.items():
        keys.append(key)
        size += length
        if size >= _MIN_UPLOAD_PART:
            yield _UploadPart(number, head, keys, size)
            head, size, number, keys = b"", 0, number + 1, []
    if size or number == 1:
        yield _UploadPart(number, head, keys, size)


def _add(cloud: Cloud, part: _UploadPart, location: Mapping[str, str], upload: Upload, deadline: float) -> bool:
    """Upload a part; return False where the deadline passed before or after that."""
    numbered = {**location, "PartNumber": part.number}
    if len(part.keys) == 1 and not part.head and part.size >= _MIN_UPLOAD_PART:
        cloud.s3.upload_part_copy(**numbered, CopySource={"Bucket": cloud.bucket, "Key": part.keys[0]})
        return cloud.now() <= deadline
    keys = part.keys
    if len(keys) > upload.batch:
        groups = {
            f"{upload.scratch}joined-{part.number:05}-{at:05}": keys[at : at + upload.batch]
            for at in range(0, len(keys), upload.batch)
        }
        if not _store(cloud, groups, upload.scratch, deadline):
            return False
        keys = list(groups)
    cloud.s3.upload_part(**numbered, Body=part.head + _read(cloud, keys))
    return cloud.now() <= deadline


def _store(cloud: Cloud, groups: Mapping[str, Sequence[str]], scratch: str, deadline: float) -> bool:
    """Store each group's concatenated parts; return False where the deadline passed."""
    found = {source.key for source in objects.list_objects(cloud, cloud.bucket, f"{scratch}joined-")}
    for name in [name for name in groups if name not in found]:
        objects.put_once(cloud, name, _read(cloud, groups[name]), "application/octet-stream")
        if cloud.now() > deadline:
            return False
    return True


def _read(cloud: Cloud, keys: Sequence[str]) -> bytes:
    return b"".join(objects.read(cloud, key) for key in keys)
