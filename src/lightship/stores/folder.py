"""Store in a local folder. Publishing is one rename, so it is atomic."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from lightship.documents import limit_of, too_large
from lightship.errors import ReadOnlyRegistry, RegistryError, UnreadableFile
from lightship.regular_files import digest_of, open_regular
from lightship.stores.base import changed_file, missing_file

_STAGING = ".staging-"
_DENIED = (errno.EROFS, errno.EACCES, errno.EPERM)
_ABANDONED_SECONDS = 24 * 3600.0


class FolderStore:
    """Store of folders by key (``name/version``) below ``root``.

    Names that start with a dot are not listed. ``root`` may be a link; below it, files are regular files, and a link to
    a folder that is not below ``root`` is not followed.
    """

    indexed = False

    def __init__(self, root: Path) -> None:
        self.root = root

    def list(self, key: str = "") -> list[str]:
        """See :meth:`Store.list`."""
        try:
            entries = [entry for entry in self.path(key).iterdir() if entry.is_dir() and self._is_below(entry)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RegistryError(f"cannot read {key or 'models'} in the registry: {error.strerror}") from None
        return sorted(entry.name for entry in entries if not entry.name.startswith("."))

    def read(self, key: str) -> tuple[bytes, str] | None:
        """See :meth:`Store.read`; the etag is the file's SHA-256."""
        try:
            with self._open(key) as file:
                data = file.read(limit_of(key))
        except FileNotFoundError:
            return None
        return data, hashlib.sha256(data).hexdigest()

    def sizes(self, key: str) -> Mapping[str, int]:
        """See :meth:`Store.sizes`."""
        folder = self.path(key)
        try:
            files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
            return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
        except OSError as error:
            raise RegistryError(f"cannot read {key} in the registry: {error.strerror}") from None

    def changed(self, key: str, etag: str | None) -> bool:
        """See :meth:`Store.changed`."""
        stored = self.read(key)
        return (stored[1] if stored else None) != etag

    def write(self, key: str, data: bytes, *, if_match: str | None) -> bool:
        """See :meth:`Store.write`; a lock file serialises the writers."""
        import fcntl

        folder, _, name = key.rpartition("/")
        target = self.path(folder) / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with open_regular(target.parent / f".{name}.lock", "wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self.changed(key, if_match):
                    return False
                partial = target.parent / f".{name}.half"
                with open_regular(partial, "wb") as file:
                    file.write(data)
                partial.replace(target)
        except OSError as error:
            if error.errno in _DENIED:
                raise ReadOnlyRegistry(f"cannot write {key} in the registry: {error.strerror}") from None
            raise RegistryError(f"cannot write {target}: {error.strerror}") from None
        return True

    def path(self, key: str) -> Path:
        """Return the local folder of a key; raises RegistryError where it is elsewhere."""
        path = self.root / key
        if not self._is_below(path):
            raise RegistryError(f"cannot read {key} in the registry: it is a link to a folder that is not below it")
        return path

    def link(self, key: str, *, seconds: int) -> None:
        """Return None: a folder has no URLs."""

    def file(self, key: str, digest: str) -> Path:
        """See :meth:`Store.file`."""
        try:
            with self._open(key) as file:
                if digest_of(file) != digest:
                    raise changed_file(key)
        except FileNotFoundError:
            raise missing_file(key) from None
        return self.root / key

    @contextmanager
    def _open(self, key: str) -> Iterator[IO[bytes]]:
        """Open a regular file within its limit; raises FileNotFoundError, UnreadableFile."""
        folder, _, name = key.rpartition("/")
        try:
            with open_regular(self.path(folder) / name) as file:
                if (size := os.fstat(file.fileno()).st_size) > limit_of(key):
                    raise UnreadableFile(too_large(key, size))
                yield file
        except FileNotFoundError:
            raise
        except OSError as error:
            raise UnreadableFile(f"cannot read {key} in the registry: {error.strerror}") from None

    def renew(self, key: str) -> None:
        """Return None: the folder is the published original."""

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Create a private folder on the registry's file system, removed at the end."""
        import shutil  # imported here: readers start faster without it
        import tempfile

        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._remove_abandoned()
            folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.root))
        except OSError as error:
            raise RegistryError(f"cannot write to the registry {self.root}: {error.strerror}") from None
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _remove_abandoned(self) -> None:
        """Remove the staging folders of publishers that were killed."""
        import shutil

        for folder in self.root.glob(f"{_STAGING}*"):
            with suppress(FileNotFoundError):  # its publisher has just finished
                if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, key: str) -> bool:
        """Move a staged folder to a key in one step; False where the key is taken."""
        target = self.path(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
            folder.rename(target)  # POSIX refuses this where the target is a folder that is not empty
        except OSError as error:
            if target.exists():
                return False
            raise RegistryError(f"cannot write to the registry {target}: {error.strerror}") from None
        return True

    def _is_below(self, path: Path) -> bool:
        """Return whether a path without its links is below the root without its own."""
        root = os.path.realpath(self.root)
        return os.path.commonpath([root, os.path.realpath(path)]) == root
