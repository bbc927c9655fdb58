"""Store in S3.

A version is its files under ``name/version/``. The manifest is uploaded last: without it the version is not visible.

Two publishers cannot get the same number: each first creates ``name/version/.claim`` with If-None-Match. A publisher
that is killed leaves a claimed number without a manifest, which is never a version.

Published folders are cached on local disk by their manifest's digest, without the files that no prediction needs: each
of those is cached by its own digest when it is first used. Space for a download is freed before it starts, least
recently used first: a Lambda function's disk is small, and its files outlive an invocation that timed out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from lightship import aws
from lightship.bundle import MANIFEST, Bundle, Manifest
from lightship.documents import limit_of, too_large
from lightship.errors import BundleError, NotFound, ReadOnlyRegistry, RegistryError, UnreadableFile
from lightship.regular_files import digest_of
from lightship.settings import DEFAULT_CACHE, CacheSettings
from lightship.stores.base import changed_file, missing_file

_LARGEST_PUT = 5 * 1024**3  # S3's limit for one request
_CLAIM = ".claim"
_PARTIAL = ".half-"
_FILE = "file-"  # a cached file is this name and its digest, a folder with the content
_CONTENT = "content"
_BLOCK = 1024 * 1024
_UNCHANGED = {"304", "NotModified"}


class _CachedPath(type(Path())):  # type: ignore[misc]  # pathlib's own cannot be referenced weakly
    """Path of a cached folder or file.

    While it is referenced, as by a loaded model, it is not removed.
    """


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
        self._cache = cache.folder or Path(tempfile.gettempdir()) / "lightship-cache"
        self._cache_bytes = cache.size
        self._in_use: WeakValueDictionary[str, _CachedPath] = WeakValueDictionary()
        self._client = aws.client("s3", attempts=3)

    def list(self, key: str = "") -> list[str]:
        """See :meth:`Store.list`."""
        prefix = self._key(f"{key}/" if key else "")
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        with self._errors("list", key):
            prefixes = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
        return sorted(name[len(prefix) :].rstrip("/") for name in prefixes)

    def read(self, key: str) -> tuple[bytes, str] | None:
        """See :meth:`Store.read`; the size is checked before the content is transferred."""
        with self._errors("read", key):
            response = self._get(key)
            return None if response is None else (response["Body"].read(), response["ETag"])

    def sizes(self, key: str) -> Mapping[str, int]:
        """See :meth:`Store.sizes`."""
        prefix = self._key(f"{key}/")
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with self._errors("list", key):
            return {each["Key"][len(prefix) :]: each["Size"] for page in pages for each in page.get("Contents", [])}

    def changed(self, key: str, etag: str | None) -> bool:
        """See :meth:`Store.changed`; a conditional GET, bodiless while unchanged."""
        if etag is None:
            return self.read(key) is not None
        with self._errors("read", key):
            try:
                self._client.get_object(Bucket=self._bucket, Key=self._key(key), IfNoneMatch=etag)
            except self._client.exceptions.ClientError as error:
                if aws.code(error) in _UNCHANGED:
                    return False
                if aws.code(error) not in aws.MISSING:
                    raise
        return True

    def write(self, key: str, data: bytes, *, if_match: str | None) -> bool:
        """See :meth:`Store.write`; a conditional PUT."""
        with self._errors("write", key):
            put = aws.put(self._client, etag=if_match, Bucket=self._bucket, Key=self._key(key), Body=data)
        return put is not None

    def path(self, key: str) -> Path:
        """Return the cached copy of a published folder, downloaded if needed.

        Raises NotFound, or RegistryError where it does not fit on the disk.
        """
        return self._path(key, renew=False)

    def link(self, key: str, *, seconds: int) -> tuple[str, int] | None:
        """Return a presigned URL and the size; see :meth:`Store.link`."""
        location = {"Bucket": self._bucket, "Key": self._key(key)}
        with self._errors("read", key):
            try:
                size = int(self._client.head_object(**location)["ContentLength"])
            except self._client.exceptions.ClientError as error:
                if aws.code(error) in aws.MISSING:
                    return None
                raise
            url = self._client.generate_presigned_url("get_object", Params=location, ExpiresIn=seconds)
        return str(url), size

    def renew(self, key: str) -> Path:
        """Download the folder again, unless the cached copy is intact by now."""
        return self._path(key, renew=True)

    def _path(self, key: str, *, renew: bool) -> Path:
        manifest = self.read(f"{key}/{MANIFEST}")
        if manifest is None:
            raise NotFound(f"there is no version published at {self._uri(key)}")
        name = hashlib.sha256(manifest[0]).hexdigest()
        target = self._in_use.setdefault(name, _CachedPath(self._cache / name))
        with self._disk_errors(key):
            if renew or not target.is_dir():
                self._fetch(key, manifest[0], target, renew=renew)
            os.utime(target)
        return target

    def file(self, key: str, digest: str) -> Path:
        """See :meth:`Store.file`; a corrupt cached copy is downloaded again."""
        name = f"{_FILE}{digest}"
        path = self._in_use.setdefault(name, _CachedPath(self._cache / name / _CONTENT))
        with self._disk_errors(key):
            if not _has_digest(path, digest):
                self._fetch_file(key, digest, path)
            os.utime(path.parent)
        return path

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Create a private local folder, removed at the end."""
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
        target, size = {"Bucket": self._bucket, "Key": self._key(key)}, file.stat().st_size
        if size > _LARGEST_PUT:
            self._client.upload_file(str(file), *target.values())
            return
        with file.open("rb") as content:
            created = aws.put(self._client, etag=None, **target, Body=content)
        if created is None and self._client.head_object(**target)["ContentLength"] != size:
            raise RegistryError(f"cannot write {self._uri(key)}: another object exists there")

    def _fetch(self, key: str, manifest: bytes, target: Path, *, renew: bool) -> None:
        with self._locked():
            if target.is_dir() and (not renew or _is_intact(target)):  # another process has just downloaded it
                return
            needed = Manifest.from_bytes(manifest).needed
            sizes = self.sizes(key)
            size = len(manifest) + sum(sizes.get(name, 0) for name in needed)
            with self._replacing(target, size=size) as folder:
                self._download(key, needed, folder)
                (folder / MANIFEST).write_bytes(manifest)

    def _fetch_file(self, key: str, digest: str, path: Path) -> None:
        with self._locked(), self._errors("read", key):
            if _has_digest(path, digest):  # another thread or process has just downloaded it
                return
            response = self._get(key)
            if response is None:
                raise missing_file(key)
            with self._replacing(path.parent, size=response["ContentLength"]) as folder:
                with (folder / _CONTENT).open("wb") as file:
                    for block in response["Body"].iter_chunks(_BLOCK):
                        file.write(block)
                if not _has_digest(folder / _CONTENT, digest):
                    raise changed_file(key)

    @contextmanager
    def _replacing(self, target: Path, *, size: int) -> Iterator[Path]:
        """Create a folder to download into, which becomes ``target`` at the end.

        After an error it is removed. Space for ``size`` bytes is freed first.
        """
        shutil.rmtree(target, ignore_errors=True)
        self._free_space(size)
        folder = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=self._cache))
        try:
            yield folder
            folder.rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the cache's lock and remove partial downloads.

        Only the holder downloads: any partial download is abandoned, and freed space is not taken by another process.
        """
        import fcntl

        self._cache.mkdir(parents=True, exist_ok=True)
        with (self._cache / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for partial in self._cache.glob(f"{_PARTIAL}*"):
                shutil.rmtree(partial, ignore_errors=True)
            yield

    def _free_space(self, needed: int) -> None:
        """Remove least recently used folders until ``needed`` bytes fit limit and disk.

        Folders in use by this process are kept: their files are memory-mapped, so removing them would free no space and
        could break the loaded model.
        """
        cached = sorted((entry for entry in self._cache.iterdir() if not entry.name.startswith(".")), key=_age)
        used = sum(map(_size, cached))
        for entry in cached:
            if used + needed <= self._cache_bytes and needed <= shutil.disk_usage(self._cache).free:
                break
            if entry.name not in self._in_use:
                used -= _size(entry)
                shutil.rmtree(entry, ignore_errors=True)

    def _download(self, key: str, names: Iterable[str], folder: Path) -> None:
        with self._errors("read", key):
            for name in names:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                self._client.download_file(self._bucket, self._key(f"{key}/{name}"), str(folder / name))

    def _get(self, key: str) -> dict[str, Any] | None:
        """Return the response for an object, its body not yet read; None without it.

        Raises UnreadableFile for an object beyond its limit.
        """
        try:
            response: dict[str, Any] = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
        except self._client.exceptions.ClientError as error:
            if aws.code(error) in aws.MISSING or (aws.code(error) in aws.DENIED and not self._exists(key)):
                return None
            raise
        if (size := response["ContentLength"]) > limit_of(key):
            response["Body"].close()
            raise UnreadableFile(too_large(key, size))
        return response

    def _exists(self, key: str) -> bool:
        """Return whether an object exists, by listing.

        S3 answers AccessDenied for a missing object where the role may not list the bucket, or may list some prefixes
        only. The listing is by prefix, so the key itself is compared.
        """
        first = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key(key), MaxKeys=1)
        return [entry["Key"] for entry in first.get("Contents", [])] == [self._key(key)]

    def _key(self, key: str) -> str:
        return self._prefix + key

    def _uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._key(key)}"

    @contextmanager
    def _errors(self, verb: str, key: str) -> Iterator[None]:
        """Translate S3 and boto3 errors to RegistryError: servers then use cached state."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (ClientError, BotoCoreError, Boto3Error) as error:
            sentence = f"cannot {verb} {self._uri(key)}: {aws.reason(error)}"
            denied = isinstance(error, ClientError) and aws.code(error) in aws.DENIED
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


def _age(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
