"""Uploads of files and image folders, under keys derived from their content.

The same content has the same key: it is not uploaded twice, and the same job is found again. The images of a folder are
packed into tar files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO, NamedTuple

from rich.console import Console

from lightship.cli.bucket.packing import MOST_BYTES, MOST_MEMBERS, Member, Pack, Readable, pack
from lightship.cli.output.terminal import bar
from lightship.errors import InvalidInput
from lightship.formats import tar
from lightship.formats.images import SUFFIXES
from lightship.jobs import objects, uploads
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.requests import canonical

_CONCURRENCY = 8

# Minimum size of a part in bytes, and the maximum number of parts: S3's limit is 10,000.
_PART = 8 * 1024 * 1024
_MAX_PARTS = 9_000


def find(path: Path) -> dict[str, Path]:
    """Return a file by name, or a folder's images or tar files by relative path.

    They are in the order of their keys. Raises InvalidInput for a folder without them, or with both.
    """
    if not path.is_dir():
        return {path.name: path}
    found = {file.relative_to(path): file for file in path.rglob("*") if file.is_file()}
    below = sorted(
        (name.as_posix(), file) for name, file in found.items() if not any(part.startswith(".") for part in name.parts)
    )
    images = {name: file for name, file in below if name.lower().endswith(SUFFIXES)}
    tars = {name: file for name, file in below if name.lower().endswith(tar.SUFFIX)}
    if images and tars:
        raise InvalidInput(
            f"there are both images and tar files in {path}, such as {min(images)} and {min(tars)}: give each a folder"
        )
    if not images and not tars:
        raise InvalidInput(f"there is no image in {path}: their names end with {', '.join(SUFFIXES)}, or {tar.SUFFIX}")
    return images or tars


def are_images(files: Mapping[str, Path]) -> bool:
    """Return whether files are images, which are uploaded in tar files."""
    return all(name.lower().endswith(SUFFIXES) for name in files)


def send(files: Mapping[str, Path], cloud: Cloud, owner: str, console: Console, *, packed: bool = False) -> str:
    """Upload missing files by name; returns their folder, a key ending with ``/``.

    With ``packed`` they are uploaded in tar files. Raises InvalidInput for a file that cannot be read, changes
    meanwhile, or has a name that is not a valid key.
    """
    contents = {name: _read(file) for name, file in files.items()}
    digests: object = {name: file.digest for name, file in contents.items()}
    if packed:  # into other tar files by another version of this program, perhaps
        digests = [digests, MOST_BYTES, MOST_MEMBERS]
    folder = f"{uploads.prefix(owner)}{hashlib.sha256(canonical(digests)).hexdigest()[:32]}/"
    for name in files:
        uploads.check_key(folder + name)
    uploaded = {source.key: source.size for source in objects.list_objects(cloud, cloud.bucket, folder)}
    missing = {
        name: entry
        for name, entry in _objects(contents, packed=packed).items()
        if uploaded.get(folder + name) != entry.size
    }
    with (
        bar(console) as progress,
        ThreadPoolExecutor(_CONCURRENCY if len(missing) > 1 else 1) as pool,
    ):
        task = progress.add_task("uploading", total=sum(entry.size for entry in missing.values()))
        advance = partial(progress.advance, task)
        for future in [pool.submit(_put, entry, cloud, folder + name, advance) for name, entry in missing.items()]:
            try:
                future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return folder


@dataclass(frozen=True)
class _File:
    """A file as it was when its digest was computed."""

    path: Path
    size: int
    digest: str

    @contextmanager
    def open(self) -> Iterator[_VerifiedFile]:
        """Open the file; raises InvalidInput, at its end, where it changed."""
        with self.path.open("rb") as file:
            verified = _VerifiedFile(file, self.digest)
            yield verified
            verified.check()


class _Object(NamedTuple):
    """Object to be uploaded: its bytes, and how to open its content."""

    size: int
    open: Callable[[], AbstractContextManager[Readable]]


def _objects(files: Mapping[str, _File], *, packed: bool) -> dict[str, _Object]:
    """Return the objects to be uploaded for files, by name."""
    if not packed:
        return {name: _Object(file.size, file.open) for name, file in files.items()}
    packs = pack(Member(name, file.size) for name, file in files.items())
    return {
        f"images-{number:05}{tar.SUFFIX}": _Object(each.size, partial(_written, each, files))
        for number, each in enumerate(packs)
    }


@contextmanager
def _written(pack: Pack, files: Mapping[str, _File]) -> Iterator[Readable]:
    """Write a tar file to a temporary file."""
    with TemporaryFile() as target:
        try:
            pack.write(target, lambda name: files[name].open())
        except OSError as error:
            raise InvalidInput(f"the images cannot be packed in {gettempdir()}: {error.strerror}") from None
        target.seek(0)
        yield target


def _read(path: Path) -> _File:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return _File(path, file.tell(), digest)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None


def _put(entry: _Object, cloud: Cloud, key: str, advance: Callable[[int], object]) -> None:
    from boto3.s3.transfer import TransferConfig

    part = max(_PART, entry.size // _MAX_PARTS)
    config = TransferConfig(multipart_threshold=part, multipart_chunksize=part, use_threads=entry.size > part)
    with entry.open() as file:
        cloud.s3.upload_fileobj(file, cloud.bucket, key, Config=config, Callback=advance)


class _VerifiedFile:
    """File whose last read fails unless its content has the digest.

    The failure aborts the upload, because the key is derived from the digest.
    """

    def __init__(self, file: BinaryIO, digest: str) -> None:
        self._file, self._wanted = file, digest
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes, or the rest; raises InvalidInput on a wrong digest."""
        block = self._file.read(size)
        self._hash.update(block)
        if size < 0 or len(block) < size:
            self.check()
        return block

    def check(self) -> None:
        """Raise InvalidInput unless the bytes that were read have the digest."""
        if self._hash.hexdigest() != self._wanted:
            raise InvalidInput(f"{self._file.name} changed during the upload: try again when it is complete")
