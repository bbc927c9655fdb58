"""Store in S3.

A version is its files under ``name/version/``. The manifest is uploaded last: without it the version is not visible.

Two publishers cannot get the same number: each first creates ``name/version/.claim`` with If-None-Match. A publisher
that is killed leaves a claimed number without a manifest, which is never a version.

Published folders are cached on local disk by their manifest's digest, without the files that no prediction needs: each
of those is cached by its own digest when it is first used.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lightship import aws
from lightship.aws.objects import Objects, Reading
from lightship.bundle import MANIFEST, MODEL, Bundle, Manifest
from lightship.documents import limit_of, too_large
from lightship.errors import BundleError, NotFound, ReadOnlyRegistry, RegistryError, UnreadableFile
from lightship.regular_files import digest_of
from lightship.settings import DEFAULT_CACHE, CacheSettings
from lightship.stores.base import changed_file, missing_file
from lightship.stores.downloads import Downloads
from lightship.stores.together import together

_LARGEST_PUT = 5 * 1024**3  # S3's limit for one request
_CLAIM = ".claim"
_FILE = "file-"  # a cached file is this name and its digest, a folder with the content
_CONTENT = "content"


class S3Store:
    """Store of objects below ``bucket/prefix``.

    Args:
        location: ``bucket`` or ``bucket/prefix``.
        cache: the local folder for downloads, and its size limit.
    """

    indexed = True

    def __init__(self, location: str, *, cache: CacheSettings = DEFAULT_CACHE) -> None:
        bucket, _, prefix = location.partition("/")
        if not bucket:
            raise RegistryError(f"'s3://{location}' has no bucket name: write s3://bucket/prefix")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._downloads = Downloads(cache)
        self._objects = Objects(bucket, attempts=3)

    def list(self, key: str = "") -> list[str]:
        """See :meth:`Store.list`."""
        with self._errors("list", key):
            return list(self._objects.folders(self._key(key)))

    def read(self, key: str) -> tuple[bytes, str] | None:
        """See :meth:`Store.read`; the size is checked before the content is transferred."""
        with self._errors("read", key):
            reading = self._open(key)
            return None if reading is None else (b"".join(reading.blocks), reading.description.etag)

    def sizes(self, key: str) -> Mapping[str, int]:
        """See :meth:`Store.sizes`."""
        prefix = self._key(f"{key}/")
        with self._errors("list", key):
            return {found.key[len(prefix) :]: found.size for found in self._objects.list(prefix)}

    def changed(self, key: str, etag: str | None) -> bool:
        """See :meth:`Store.changed`; a conditional GET, bodiless while unchanged."""
        if etag is None:
            return self.read(key) is not None
        with self._errors("read", key):
            return self._objects.changed(self._key(key), etag)

    def write(self, key: str, data: bytes, *, if_match: str | None) -> bool:
        """See :meth:`Store.write`; a conditional PUT."""
        with self._errors("write", key):
            return self._objects.put(self._key(key), data, etag=if_match) is not None

    def path(self, key: str) -> Path:
        """Return the cached copy of a published folder, downloaded if needed.

        Raises NotFound, or RegistryError where it does not fit on the disk.
        """
        return self._path(key, renew=False)

    def link(self, key: str, *, seconds: int) -> tuple[str, int] | None:
        """Return a presigned URL and the size; see :meth:`Store.link`."""
        with self._errors("read", key):
            found = self._objects.head(self._key(key))
            return None if found is None else (self._objects.url(self._key(key), seconds=seconds), found.size)

    def renew(self, key: str) -> Path:
        """Download the folder again, unless the cached copy is intact by now."""
        return self._path(key, renew=True)

    def _path(self, key: str, *, renew: bool) -> Path:
        with self._disk_errors(key):
            ahead = self._downloads.is_empty()
        # A cold start needs the model for certain: it is asked for together with the manifest.
        tasks: list[Callable[[], Any]] = [partial(self.read, f"{key}/{MANIFEST}")]
        stored, model = together([*tasks, partial(self._model, key) if ahead else _nothing])
        if stored is None:
            raise NotFound(f"there is no version published at {self._uri(key)}")
        manifest = stored[0]
        name = hashlib.sha256(manifest).hexdigest()
        target = self._downloads.path(name)
        with self._disk_errors(key):
            if renew or not target.is_dir():
                self._fetch(key, manifest, target, renew=renew, opened={MODEL: model} if model else {})
            os.utime(target)
        return target

    def file(self, key: str, digest: str) -> Path:
        """See :meth:`Store.file`; a corrupt cached copy is downloaded again."""
        name = f"{_FILE}{digest}"
        path = self._downloads.path(name, _CONTENT)
        with self._disk_errors(key):
            if not _has_digest(path, digest):
                self._fetch_file(key, digest, path)
            os.utime(path.parent)
        return path

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Create a private local folder, removed at the end."""
        import tempfile  # imported here: readers start faster without it

        with tempfile.TemporaryDirectory(prefix="lightship-") as folder:
            staged = Path(folder) / "bundle"
            staged.mkdir()
            yield staged

    def publish(self, folder: Path, key: str) -> bool:
        """Claim the key and upload the files, the manifest last; False if key is taken."""
        if not self.write(f"{key}/{_CLAIM}", uuid.uuid4().bytes, if_match=None):
            return False
        files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != MANIFEST]
        with self._errors("write", key):
            for file in files:
                self._create(f"{key}/{file.relative_to(folder).as_posix()}", file)
        return self.write(f"{key}/{MANIFEST}", (folder / MANIFEST).read_bytes(), if_match=None)

    def _create(self, key: str, file: Path) -> None:
        """Upload a file of a claimed version unless it exists.

        Roles may be denied to overwrite objects. An existing one is this publisher's own, from a request whose response
        was lost: the claim excludes other publishers. Raises RegistryError where its size differs.
        """
        size = file.stat().st_size
        if size > _LARGEST_PUT:
            self._objects.upload(self._key(key), file)
            return
        with file.open("rb") as content:
            data: Any = mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
            created = self._objects.put(self._key(key), data, etag=None)
        if created is None and ((found := self._objects.head(self._key(key))) is None or found.size != size):
            raise RegistryError(f"cannot write {self._uri(key)}: another object exists there")

    def _fetch(self, key: str, manifest: bytes, target: Path, *, renew: bool, opened: Mapping[str, Reading]) -> None:
        with self._downloads.locked():
            if target.is_dir() and (not renew or _is_intact(target)):  # another process has just downloaded it
                return
            needed = Manifest.from_bytes(manifest).needed
            with self._errors("read", key):
                found = together([partial(self._needed, f"{key}/{name}", opened.get(name)) for name in needed])
                readings = dict(zip(needed, found, strict=True))
                size = len(manifest) + sum(reading.description.size for reading in found)
                with self._downloads.replacing(target.name, size=size) as folder:
                    together([partial(_write, folder / name, reading) for name, reading in readings.items()])
                    (folder / MANIFEST).write_bytes(manifest)

    def _fetch_file(self, key: str, digest: str, path: Path) -> None:
        with self._downloads.locked(), self._errors("read", key):
            if _has_digest(path, digest):  # another thread or process has just downloaded it
                return
            reading = self._open(key)
            if reading is None:
                raise missing_file(key)
            with self._downloads.replacing(path.parent.name, size=reading.description.size) as folder:
                _write(folder / _CONTENT, reading)
                if not _has_digest(folder / _CONTENT, digest):
                    raise changed_file(key)

    def _model(self, key: str) -> Reading | None:
        """Return the model that a version most likely has, unread; None without it."""
        try:
            return self._objects.read(self._key(f"{key}/{MODEL}"))
        except aws.ObjectsError:
            return None  # if it is needed, it is asked for again

    def _needed(self, key: str, opened: Reading | None) -> Reading:
        reading = opened or self._objects.read(self._key(key))
        if reading is None:
            raise missing_file(key)
        return reading

    def _open(self, key: str) -> Reading | None:
        """Return an object, its content not yet read; None without it.

        Raises UnreadableFile for an object beyond its limit.
        """
        try:
            reading = self._objects.read(self._key(key))
        except aws.ObjectsError as error:
            if error.code in aws.DENIED and not self._exists(key):
                return None
            raise
        if reading is not None and (size := reading.description.size) > limit_of(key):
            raise UnreadableFile(too_large(key, size))
        return reading

    def _exists(self, key: str) -> bool:
        """Return whether an object exists, by listing.

        S3 answers AccessDenied for a missing object where the role may not list the bucket, or may list some prefixes
        only.
        """
        return self._objects.is_listed(self._key(key))

    def _key(self, key: str) -> str:
        return self._prefix + key

    def _uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._key(key)}"

    @contextmanager
    def _errors(self, verb: str, key: str) -> Iterator[None]:
        """Translate errors of S3 to RegistryError: servers then use cached state."""
        try:
            yield
        except aws.ObjectsError as error:
            sentence = f"cannot {verb} {self._uri(key)}: {aws.reason(error)}"
            denied = error.code in aws.DENIED
            kind = {"read": UnreadableFile, "write": ReadOnlyRegistry}.get(verb if denied else "", RegistryError)
            raise kind(sentence, detail=aws.detail(error)) from None

    @contextmanager
    def _disk_errors(self, key: str) -> Iterator[None]:
        """Translate errors of the local disk to RegistryError."""
        try:
            yield
        except OSError as error:
            raise RegistryError(
                f"cannot keep {self._uri(key)} in the cache, see LIGHTSHIP_CACHE: {error.strerror}"
            ) from None


def _is_intact(folder: Path) -> bool:
    try:
        Bundle.open(folder, needed_only=True)
    except BundleError:
        return False
    return True


def _has_digest(path: Path, digest: str) -> bool:
    try:
        with path.open("rb") as file:
            return digest_of(file) == digest
    except FileNotFoundError:
        return False


def _nothing() -> None:
    """Return None: nothing is asked for ahead."""


def _write(path: Path, reading: Reading) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for block in reading.blocks:
            file.write(block)
