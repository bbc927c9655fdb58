"""A registry in S3. A version is its files under ``name/version/``, the manifest last: without it nobody sees them.

Two publishers cannot get the same number: each first creates ``name/version/.claim`` with If-None-Match. One that is
killed leaves a claimed number without a manifest, which is never a version.

Published folders are cached on local disk by their manifest's digest, the least recently used removed beyond a limit.
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
from typing import Any

from lightship import aws
from lightship.bundle import MANIFEST, Manifest
from lightship.errors import NotFound, RegistryError

_CLAIM = ".claim"
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_MISSING = {"NoSuchKey", "404", "NotFound"}


class S3Store:
    """Objects below ``bucket/prefix``.

    Args:
        place: ``bucket`` or ``bucket/prefix``.
        cache: local folder for what was downloaded; by default ``LIGHTSHIP_CACHE``'s, or one in the temporary folder.
        cache_bytes: how much of it to keep.
    """

    def __init__(self, place: str, *, cache: Path | None = None, cache_bytes: int = 400 * 1024 * 1024) -> None:
        bucket, _, prefix = place.partition("/")
        if not bucket:
            raise RegistryError(f"'s3://{place}' names no bucket: write s3://bucket/prefix")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._cache = cache or Path(
            os.environ.get("LIGHTSHIP_CACHE") or Path(tempfile.gettempdir()) / "lightship-cache"
        )
        self._cache_bytes = cache_bytes
        self._client = aws.client("s3")

    def list(self, key: str = "") -> list[str]:
        """Names of the folders directly below a key, sorted."""
        prefix = self._key(f"{key}/" if key else "")
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        with self._errors(key):
            found = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
        return sorted(name[len(prefix) :].rstrip("/") for name in found)

    def read(self, key: str) -> tuple[bytes, str] | None:
        """A small object and its etag; None where there is none."""
        return self._get(key)

    def changed(self, key: str, etag: str | None) -> bool:
        """A conditional GET: answered without a body while nothing has changed."""
        if etag is None:
            return self._get(key) is not None
        try:
            self._client.get_object(Bucket=self._bucket, Key=self._key(key), IfNoneMatch=etag)
        except self._client.exceptions.ClientError as error:
            if _code(error) in {"304", "NotModified"}:
                return False
            if _code(error) in _MISSING:
                return True
            raise RegistryError(f"cannot read s3://{self._bucket}/{self._key(key)}: {_code(error)}") from None
        return True

    def write(self, key: str, data: bytes, *, if_match: str | None) -> bool:
        """Replace a small object that has this etag (None: that does not exist); False otherwise."""
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": if_match}
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=data, **condition)
        except self._client.exceptions.ClientError as error:
            if _code(error) in _TAKEN | _MISSING:
                return False
            raise RegistryError(f"cannot write s3://{self._bucket}/{self._key(key)}: {_code(error)}") from None
        return True

    def path(self, key: str) -> Path:
        """A published folder, downloaded unless it is in the cache; raises NotFound."""
        found = self._get(f"{key}/{MANIFEST}")
        if found is None:
            raise NotFound(f"there is nothing published at s3://{self._bucket}/{self._key(key)}")
        target = self._cache / hashlib.sha256(found[0]).hexdigest()
        if target.is_dir():
            os.utime(target)
            return target
        self._cache.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".half-", dir=self._cache))
        try:
            self._download(key, Manifest.from_bytes(found[0]), folder)
            (folder / MANIFEST).write_bytes(found[0])
            self._keep(folder, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
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
        with self._errors(key):
            for file in files:
                self._client.upload_file(
                    str(file), self._bucket, self._key(f"{key}/{file.relative_to(folder).as_posix()}")
                )
        return self.write(f"{key}/{MANIFEST}", (folder / MANIFEST).read_bytes(), if_match=None)

    def _download(self, key: str, manifest: Manifest, folder: Path) -> None:
        with self._errors(key):
            for name in manifest.files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                self._client.download_file(self._bucket, self._key(f"{key}/{name}"), str(folder / name))

    def _keep(self, folder: Path, target: Path) -> None:
        """Make room, then put a finished download into the cache; another process may have been quicker."""
        cached = sorted((entry for entry in self._cache.iterdir() if not entry.name.startswith(".")), key=_age)
        sizes = {entry: _size(entry) for entry in cached}
        while cached and sum(sizes[entry] for entry in cached) + _size(folder) > self._cache_bytes:
            shutil.rmtree(cached.pop(0), ignore_errors=True)
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():
                raise

    def _get(self, key: str) -> tuple[bytes, str] | None:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
        except self._client.exceptions.ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise RegistryError(f"cannot read s3://{self._bucket}/{self._key(key)}: {_code(error)}") from None
        return found["Body"].read(), found["ETag"]

    def _key(self, key: str) -> str:
        return self._prefix + key

    @contextmanager
    def _errors(self, key: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError

        try:
            yield
        except (self._client.exceptions.ClientError, BotoCoreError) as error:
            raise RegistryError(f"s3://{self._bucket}/{self._key(key)} failed: {_code(error)}") from None


def _code(error: Any) -> str:
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def _age(entry: Path) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
