"""A file, or the images of a folder, on their way into the bucket, under a name that their content gives them.

The same content again has the same name: it is not sent twice, and the same job is found again.
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
from lightship.jobs import inputs, objects, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import canonical

_AT_ONCE = 8

# Bytes of a part, at least, and about the most parts that S3 takes of an upload.
_PART = 8 * 1024 * 1024
_MOST_PARTS = 9_000


def find(path: Path) -> dict[str, Path]:
    """A file by its name, or the images in and below a folder by their paths in it; raises InvalidInput for none."""
    if not path.is_dir():
        return {path.name: path}
    below = {file.relative_to(path): file for file in sorted(path.rglob("*")) if file.is_file()}
    found = {
        name.as_posix(): file
        for name, file in below.items()
        if name.name.lower().endswith(inputs.IMAGE_SUFFIXES) and not any(part.startswith(".") for part in name.parts)
    }
    if not found:
        raise InvalidInput(f"there is no image in {path}: their names end with {', '.join(inputs.IMAGE_SUFFIXES)}")
    return found


def send(files: Mapping[str, Path], cloud: Cloud, owner: str, console: Console) -> str:
    """Have files in the bucket, by their names; returns the folder in which they are, a key that ends with ``/``.

    Raises InvalidInput for a file that cannot be read, is changed meanwhile, or whose name is no key.
    """
    digests = dict(zip(files, map(_digest, files.values()), strict=True))
    folder = f"{uploads.prefix(owner)}{hashlib.sha256(canonical(digests)).hexdigest()[:32]}/"
    for name in files:
        uploads.check_key(folder + name)
    there = {source.key: source.size for source in objects.list_keys(cloud, cloud.bucket, folder)}
    missing = {name: file for name, file in files.items() if there.get(folder + name) != file.stat().st_size}
    with (
        bar(console) as progress,
        ThreadPoolExecutor(_AT_ONCE if len(missing) > 1 else 1) as pool,
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
    part = max(_PART, size // _MOST_PARTS)
    config = TransferConfig(multipart_threshold=part, multipart_chunksize=part, use_threads=size > part)
    with path.open("rb") as file:
        cloud.s3.upload_fileobj(_Same(file, digest, advance), cloud.bucket, key, Config=config)


class _Same:
    """A file to be read once that ends well only if its content has the digest: else nothing must be there under it."""

    def __init__(self, file: BinaryIO, digest: str, advance: Callable[[int], object]) -> None:
        self._file, self._wanted, self._advance = file, digest, advance
        self._found = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes, or all that are left; raises InvalidInput at the end of another content."""
        block = self._file.read(size)
        self._found.update(block)
        self._advance(len(block))
        if (size < 0 or not block) and self._found.hexdigest() != self._wanted:
            raise InvalidInput(f"{self._file.name} was changed while it was uploaded: start again when it is whole")
        return block
