"""A registry in S3. A version is its files under ``name/version/``, the manifest last: without it nobody sees them.

Two publishers cannot get the same number: each first creates ``name/version/.claim`` with If-None-Match. One that is
killed leaves a claimed number without a manifest, which is never a version.

Published folders are cached on local disk by their manifest's digest. Room for a download is made before it starts, by
removing the least recently used: a Lambda function's disk is small, and what is on it outlives a call that timed out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from lightship import aws
from lightship.bundle import MANIFEST, Bundle, Manifest
from lightship.errors import BundleError, NotFound, RegistryError
from lightship.settings import DEFAULT_CACHE, CacheSettings

_LARGEST_PUT = 5 * 1024**3  # S3's limit for one request
_CLAIM = ".claim"
_HALF = ".half-"
_UNCHANGED = {"304", "NotModified"}


class _Folder(type(Path())):  # type: ignore[misc]  # pathlib's own cannot be referenced weakly
    """A cached folder's path. As long as somebody keeps it, as a loaded model does, the folder is not removed."""


class S3Store:
    """Objects below ``bucket/prefix``.

    Args:
        place: ``bucket`` or ``bucket/prefix``.
        cache: the local folder for what was downloaded, and how much of it to keep.
    """

    def __init__(self, place: str, *, cache: CacheSettings = DEFAULT_CACHE) -> None:
        bucket, _, prefix = place.partition("/")
        if not bucket:
            raise RegistryError(f"'s3://{place}' names no bucket: write s3://bucket/prefix")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._cache = cache.folder or Path(tempfile.gettempdir()) / "lightship-cache"
        self._cache_bytes = cache.size
        self._held: WeakValueDictionary[str, _Folder] = WeakValueDictionary()
        self._client = aws.client("s3", attempts=3)

    def list(self, key: str = "") -> list[str]:
        """Names of the folders directly below a key, sorted."""
        prefix = self._key(f"{key}/" if key else "")
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        with self._errors("list", key):
            found = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
        return sorted(name[len(prefix) :].rstrip("/") for name in found)

    def read(self, key: str) -> tuple[bytes, str] | None:
        """A small object and its etag; None where there is none."""
        return self._get(key)

    def changed(self, key: str, etag: str | None) -> bool:
        """A conditional GET: answered without a body while nothing has changed."""
        if etag is None:
            return self._get(key) is not None
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
        """Replace a small object that has this etag (None: that does not exist); False otherwise."""
        with self._errors("write", key):
            put = aws.put(self._client, etag=if_match, Bucket=self._bucket, Key=self._key(key), Body=data)
        return put is not None

    def path(self, key: str) -> Path:
        """A published folder, downloaded unless it is in the cache; raises NotFound, or RegistryError without room."""
        return self._path(key, renew=False)

    def renew(self, key: str) -> Path:
        """The folder downloaded once more, unless what is in the cache is whole by now."""
        return self._path(key, renew=True)

    def _path(self, key: str, *, renew: bool) -> Path:
        found = self._get(f"{key}/{MANIFEST}")
        if found is None:
            raise NotFound(f"there is nothing published at {self._uri(key)}")
        name = hashlib.sha256(found[0]).hexdigest()
        target = self._held.setdefault(name, _Folder(self._cache / name))
        try:
            if renew or not target.is_dir():
                self._fetch(key, found[0], target, renew=renew)
            os.utime(target)
        except OSError as error:
            raise RegistryError(
                f"cannot keep {self._uri(key)} in the cache, LIGHTSHIP_CACHE: {error.strerror}"
            ) from None
        return target

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A private local folder."""
        with tempfile.TemporaryDirectory(prefix="lightship-") as folder:
            staged = Path(folder) / "bundle"
            staged.mkdir()
            yield staged

    def publish(self, folder: Path, key: str) -> bool:
        """Claim the key, upload the files, the manifest last; False where the key is taken."""
        if not self.write(f"{key}/{_CLAIM}", uuid.uuid4().bytes, if_match=None):
            return False
        files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != MANIFEST]
        with self._errors("write", key):
            for file in files:
                self._create(f"{key}/{file.relative_to(folder).as_posix()}", file)
        return self.write(f"{key}/{MANIFEST}", (folder / MANIFEST).read_bytes(), if_match=None)

    def _create(self, key: str, file: Path) -> None:
        """Upload a file of a claimed version where there is none: a role may be denied to replace one.

        One that is there is ours, by a request whose answer was lost: the claim keeps other publishers away.
        """
        place, size = {"Bucket": self._bucket, "Key": self._key(key)}, file.stat().st_size
        if size > _LARGEST_PUT:
            self._client.upload_file(str(file), *place.values())
            return
        with file.open("rb") as content:
            created = aws.put(self._client, etag=None, **place, Body=content)
        if created is None and self._client.head_object(**place)["ContentLength"] != size:
            raise RegistryError(f"cannot write {self._uri(key)}: another object is there")

    def _fetch(self, key: str, manifest: bytes, target: Path, *, renew: bool) -> None:
        with self._alone():
            if target.is_dir() and (not renew or _whole(target)):  # another process has just been here
                return
            shutil.rmtree(target, ignore_errors=True)
            self._make_room(self._size(key))
            folder = Path(tempfile.mkdtemp(prefix=_HALF, dir=self._cache))
            try:
                self._download(key, Manifest.from_bytes(manifest), folder)
                (folder / MANIFEST).write_bytes(manifest)
                folder.rename(target)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One download at a time: what is half there is nobody's then, and room that was made stays."""
        import fcntl

        self._cache.mkdir(parents=True, exist_ok=True)
        with (self._cache / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in self._cache.glob(f"{_HALF}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield

    def _make_room(self, needed: int) -> None:
        """Remove the least recently used until so many bytes fit, within the limit and on the disk.

        What this process uses stays: its files are mapped, so that removing them would free nothing and break it.
        """
        cached = sorted((entry for entry in self._cache.iterdir() if not entry.name.startswith(".")), key=_age)
        kept = sum(map(_size, cached))
        for entry in cached:
            if kept + needed <= self._cache_bytes and needed <= shutil.disk_usage(self._cache).free:
                break
            if entry.name not in self._held:
                kept -= _size(entry)
                shutil.rmtree(entry, ignore_errors=True)

    def _size(self, key: str) -> int:
        """Bytes below a key."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._key(f"{key}/"))
        with self._errors("list", key):
            return sum(entry["Size"] for page in pages for entry in page.get("Contents", []))

    def _download(self, key: str, manifest: Manifest, folder: Path) -> None:
        with self._errors("read", key):
            for name in manifest.files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                self._client.download_file(self._bucket, self._key(f"{key}/{name}"), str(folder / name))

    def _get(self, key: str) -> tuple[bytes, str] | None:
        with self._errors("read", key):
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
            except self._client.exceptions.ClientError as error:
                if aws.code(error) in aws.MISSING or (aws.code(error) in aws.DENIED and not self._listed(key)):
                    return None
                raise
            return found["Body"].read(), found["ETag"]

    def _listed(self, key: str) -> bool:
        """Whether an object is there. S3 denies a missing one to who may not list, and may not heed a listed prefix."""
        first = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key(key), MaxKeys=1)
        return [entry["Key"] for entry in first.get("Contents", [])] == [self._key(key)]

    def _key(self, key: str) -> str:
        return self._prefix + key

    def _uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._key(key)}"

    @contextmanager
    def _errors(self, verb: str, key: str) -> Iterator[None]:
        """Every error of S3 or on the way to it becomes a RegistryError: who serves goes on with what is known."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError

        try:
            yield
        except (self._client.exceptions.ClientError, BotoCoreError, Boto3Error) as error:
            sentence = f"cannot {verb} {self._uri(key)}: {aws.reason(error)}"
            raise RegistryError(sentence, detail=aws.detail(error)) from None


def _whole(folder: Path) -> bool:
    try:
        Bundle.open(folder)
    except BundleError:
        return False
    return True


def _age(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
