"""Join a job's parts to one object by a multipart upload that any worker can resume.

What each of its pieces holds follows from the parts' sizes alone, and S3 knows which of them are there. So it may be
interrupted anywhere, and be done by two at the same time: they write the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lightship import aws
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud

# S3's limit for a multipart upload: every piece but the last has at least so many bytes.
_LEAST_PIECE = 5 * 1024 * 1024


@dataclass(frozen=True)
class _Piece:
    number: int
    head: bytes
    keys: list[str]
    size: int


@dataclass(frozen=True)
class Upload:
    """A multipart upload.

    Attributes:
        key: of the object that it makes.
        id: S3's.
        scratch: prefix of what is kept in between.
        preamble: what is before the first part.
        together: small parts that are put together at a time. Of a piece that has more of them, these are kept as
            objects of their own, so that an interrupted worker has made progress.
    """

    key: str
    id: str
    scratch: str
    preamble: bytes = b""
    together: int = 32


def begin(cloud: Cloud, target: str, media_type: str) -> str:
    """Begin the upload of an object; returns its id. One that is never completed is removed by the bucket's rule."""
    return str(cloud.s3.create_multipart_upload(Bucket=cloud.bucket, Key=target, ContentType=media_type)["UploadId"])


def join(cloud: Cloud, sizes: Mapping[str, int], upload: Upload, *, deadline: float = float("inf")) -> bool:
    """Join objects of the jobs' bucket to one; False where the time is up.

    ``sizes`` is bytes by key. Objects of 5 MiB and more are copied by S3 itself, the others pass through here; nothing
    is held but a piece. Raises NotFound where the upload is gone and was not completed.
    """
    place = {"Bucket": cloud.bucket, "Key": upload.key, "UploadId": upload.id}
    try:
        there = _there(cloud, place)
        for piece in _pieces(sizes, upload.preamble):
            if piece.number not in there and not _add(cloud, piece, place, upload, deadline):
                return False
        parts = [{"ETag": etag, "PartNumber": number} for number, etag in sorted(_there(cloud, place).items())]
        cloud.s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
    except cloud.s3.exceptions.ClientError as error:
        if aws.code(error) != "NoSuchUpload" and aws.code(error) not in aws.CONFLICT:
            raise
        objects.describe(cloud, cloud.bucket, upload.key)  # another one has completed it
    return True


def _there(cloud: Cloud, place: Mapping[str, str]) -> dict[int, str]:
    """The ETags of the pieces that are uploaded, by number."""
    pages = cloud.s3.get_paginator("list_parts").paginate(**place)
    return {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", [])}


def _pieces(sizes: Mapping[str, int], preamble: bytes) -> Iterator[_Piece]:
    """What is uploaded together: there is always one, and only the last may be small."""
    head, size, number = preamble, len(preamble), 1
    keys: list[str] = []
    for key, length in sizes.items():
        keys.append(key)
        size += length
        if size >= _LEAST_PIECE:
            yield _Piece(number, head, keys, size)
            head, size, number, keys = b"", 0, number + 1, []
    if size or number == 1:
        yield _Piece(number, head, keys, size)


def _add(cloud: Cloud, piece: _Piece, place: Mapping[str, str], upload: Upload, deadline: float) -> bool:
    """Upload a piece; False where the time is up, before that or after."""
    numbered = {**place, "PartNumber": piece.number}
    if len(piece.keys) == 1 and not piece.head and piece.size >= _LEAST_PIECE:
        cloud.s3.upload_part_copy(**numbered, CopySource={"Bucket": cloud.bucket, "Key": piece.keys[0]})
        return cloud.now() <= deadline
    keys = piece.keys
    if len(keys) > upload.together:
        runs = {
            f"{upload.scratch}joined-{piece.number:05}-{at:05}": keys[at : at + upload.together]
            for at in range(0, len(keys), upload.together)
        }
        if not _keep(cloud, runs, upload.scratch, deadline):
            return False
        keys = list(runs)
    cloud.s3.upload_part(**numbered, Body=piece.head + _read(cloud, keys))
    return cloud.now() <= deadline


def _keep(cloud: Cloud, runs: Mapping[str, Sequence[str]], scratch: str, deadline: float) -> bool:
    """Put together the parts of each run and keep them under its name; False where the time is up before all are."""
    found = {source.key for source in objects.list_keys(cloud, cloud.bucket, f"{scratch}joined-")}
    for name in [name for name in runs if name not in found]:
        objects.put_once(cloud, name, _read(cloud, runs[name]), "application/octet-stream")
        if cloud.now() > deadline:
            return False
    return True


def _read(cloud: Cloud, keys: Sequence[str]) -> bytes:
    return b"".join(objects.read(cloud, key) for key in keys)
