"""Store in a local folder. Publishing is one rename, so it is atomic."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lightship.errors import RegistryError

_STAGING = ".staging-"
_ABANDONED_SECONDS = 24 * 3600.0


class FolderStore:
    """Store of folders by key (``name/version``) below ``root``.

    Names that start with a dot are not listed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def list(self, key: str = "") -> list[str]:
        """See :meth:`Store.list`."""
        try:
            entries = [entry for entry in (self.root / key).iterdir() if entry.is_dir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RegistryError(f"cannot read {key or 'models'} in the registry: {error.strerror}") from None
        return sorted(entry.name for entry in entries if not entry.name.startswith("."))

    def read(self, key: str) -> tuple[bytes, str] | None:
        """See :meth:`Store.read`; the etag is the file's SHA-256."""
        try:
            data = (self.root / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RegistryError(f"cannot read {key} in the registry: {error.strerror}") from None
        return data, hashlib.sha256(data).hexdigest()

    def changed(self, key: str, etag: str | None) -> bool:
        """See :meth:`Store.changed`."""
        stored = self.read(key)
        return (stored[1] if stored else None) != etag

    def write(self, key: str, data: bytes, *, if_match: str | None) -> bool:
        """See :meth:`Store.write`; a lock file serialises the writers."""
        import fcntl

        target = self.root / key
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with (target.parent / f".{target.name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self.changed(key, if_match):
                    return False
                partial = target.parent / f".{target.name}.half"
                partial.write_bytes(data)
                partial.replace(target)
        except OSError as error:
            raise RegistryError(f"cannot write {target}: {error.strerror}") from None
        return True

    def path(self, key: str) -> Path:
        """Return the local folder of a key."""
        return self.root / key

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
        target = self.root / key
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
            folder.rename(target)  # POSIX refuses this where the target is a folder that is not empty
        except OSError as error:
            if target.exists():
                return False
            raise RegistryError(f"cannot write to the registry {target}: {error.strerror}") from None
        return True
