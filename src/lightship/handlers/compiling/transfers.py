"""Transfers of objects by presigned URLs, over plain HTTP without credentials.

No error message contains a URL.
"""

from __future__ import annotations

import errno
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import urllib3

from lightship.errors import Unavailable
from lightship.handlers.compiling.job import Download, Upload

_TIMEOUT = urllib3.Timeout(connect=5.0, read=60.0)
_BLOCK = 1024 * 1024


def fetch(download: Download, target: Path, *, limit: int) -> None:
    """Download an object into a file, at most ``limit`` bytes of it.

    Raises Unavailable. There are no retries: urllib3 logs the URL when it retries.
    """
    try:
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request(
                "GET", download.url, headers=dict(download.headers), preload_content=False, timeout=_TIMEOUT
            )
            with closing(answer):
                if answer.status != 200:
                    raise Unavailable(f"the file cannot be fetched: S3 answers {answer.status}")
                _write(answer.stream(_BLOCK), target, limit)
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"the file cannot be fetched: {type(error).__name__}") from None


def send(upload: Upload, blocks: Iterable[bytes], size: int) -> None:
    """Upload an object of ``size`` bytes as a form; raises Unavailable."""
    boundary = secrets.token_hex(16)
    head, tail = _form(upload.fields, boundary)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + size + len(tail)),
    }
    try:
        with urllib3.PoolManager(retries=False) as pool:
            body = _form_body(head, blocks, tail)
            answer = pool.request("POST", upload.url, body=body, headers=headers, timeout=_TIMEOUT)
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"the answer cannot be uploaded: {type(error).__name__}") from None
    if answer.status not in {200, 201, 204}:
        raise Unavailable(f"the answer cannot be uploaded: S3 answers {answer.status}")


def disk_full(size: int) -> Unavailable:
    """Return the error of a disk that is filled by other files."""
    return Unavailable(f"the disk has too little free space at the moment for a file of {size} bytes")


def _write(blocks: Iterable[bytes], target: Path, limit: int) -> None:
    written = 0
    try:
        with target.open("wb") as file:
            for block in blocks:
                file.write(block[: limit - written])
                written += len(block)
                if written >= limit:
                    return
    except OSError as error:
        raise (disk_full(limit) if error.errno == errno.ENOSPC else error) from None


def _form(fields: Mapping[str, str], boundary: str) -> tuple[bytes, bytes]:
    """Return the form's bytes before and after the file.

    The file is the last field, because S3 ignores fields after it.
    """
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = 'Content-Disposition: form-data; name="file"; filename="bundle.tar"\r\n'
    parts.append(f"--{boundary}\r\n{file}Content-Type: application/x-tar\r\n\r\n")
    return "".join(parts).encode(), f"\r\n--{boundary}--\r\n".encode()


def _form_body(head: bytes, blocks: Iterable[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from blocks
    yield tail
