"""Uploads of files and image folders, under keys derived from their content.

The same content has the same key: it is not uploaded twice, and the same job is found again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from lightship.cli.output.terminal import bar
from lightship.errors import InvalidInput
from lightship.formats.images import SUFFIXES
from lightship.jobs import objects, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import canonical

_CONCURRENCY = 8

# Minimum size of a part in bytes, and the maximum number of parts: S3's limit is 10,000.
_PART = 8 * 1024 * 1024
_MAX_PARTS = 9_000


def find(path: Path) -> dict[str, Path]:
    """Return a file by name, or a folder's images by relative path.

    Raises InvalidInput for a folder without images.
    """
    if not path.is_dir():
        return {path.name: path}
    below = {file.relative_to(path): file for file in sorted(path.rglob("*")) if file.is_file()}
    images = {
        name.as_posix(): file
        for name, file in below.items()
        if name.name.lower().endswith(SUFFIXES) and not any(part.startswith(".") for part in name.parts)
    }
    if not images:
        raise InvalidInput(f"there is no image in {path}: their names end with {', '.join(SUFFIXES)}")
    return images


def send(files: Mapping[str, Path], cloud: Cloud, owner: str, console: Console) -> str:
    """Upload missing files by name; returns their folder, a key ending with ``/``.

    Raises InvalidInput for a file that cannot be read, changes meanwhile, or has a name that is not a valid key.
    """
    digests = dict(zip(files, map(_digest, files.values()), strict=True))
    folder = f"{uploads.prefix(owner)}{hashlib.sha256(canonical(digests)).hexdigest()[:32]}/"
    for name in files:
        uploads.check_key(folder + name)
    uploaded = {source.key: source.size for source in objects.list_objects(cloud, cloud.bucket, folder)}
    missing = {name: file for name, file in files.items() if uploaded.get(folder + name) != file.stat().st_size}
    with (
        bar(console) as progress,
        ThreadPoolExecutor(_CONCURRENCY if len(missing) > 1 else 1) as pool,
    ):
        task = progress.add_task("uploading", total=sum(file.stat().st_size for file in missing.values()))

        def put(name: str) -> None:
            _put(missing[name], digests[name], cloud, folder + name, lambda size: progress.advance(task, size))

        for future in [pool.submit(put, name) for name in missing]:
            try:
                future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return folder


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None


def _put(path: Path, digest: str, cloud: Cloud, key: str, advance: Callable[[int], object]) -> None:
    from boto3.s3.transfer import TransferConfig

    size = path.stat().st_size
    part = max(_PART, size // _MAX_PARTS)
    config = TransferConfig(multipart_threshold=part, multipart_chunksize=part, use_threads=size > part)
    with path.open("rb") as file:
        cloud.s3.upload_fileobj(_VerifiedFile(file, digest, advance), cloud.bucket, key, Config=config)


class _VerifiedFile:
    """File whose last read fails unless its content has the digest.

    The failure aborts the upload, because the key is derived from the digest.
    """

    def __init__(self, file: BinaryIO, digest: str, advance: Callable[[int], object]) -> None:
        self._file, self._wanted, self._advance = file, digest, advance
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes, or the rest; raises InvalidInput on a wrong digest."""
        block = self._file.read(size)
        self._hash.update(block)
        self._advance(len(block))
        if (size < 0 or not block) and self._hash.hexdigest() != self._wanted:
            raise InvalidInput(f"{self._file.name} changed during the upload: try again when it is complete")
        return block
