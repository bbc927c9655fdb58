"""A registry in a local folder: publishing is one rename, so readers see a whole version or none."""

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
    """Folders by key (``name/version``) below ``root``; names that start with a dot are not listed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def list(self, key: str = "") -> list[str]:
        """Names of the folders directly below a key, sorted; none where the key does not exist."""
        try:
            entries = [entry for entry in (self.root / key).iterdir() if entry.is_dir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RegistryError(f"cannot read {key or 'models'} in the registry: {error.strerror}") from None
        return sorted(entry.name for entry in entries if not entry.name.startswith("."))

    def read(self, key: str) -> tuple[bytes, str] | None:
        """A small file and its etag; None where there is none."""
        try:
            data = (self.root / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RegistryError(f"cannot read {key} in the registry: {error.strerror}") from None
        return data, hashlib.sha256(data).hexdigest()

    def changed(self, key: str, etag: str | None) -> bool:
        """Whether a small file has another etag than this one."""
        found = self.read(key)
        return (found[1] if found else None) != etag

    def write(self, key: str, data: bytes, *, if_match: str | None) -> bool:
        """Replace a small file that has this etag (None: that does not exist); False otherwise."""
        import fcntl

        target = self.root / key
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with (target.parent / f".{target.name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self.changed(key, if_match):
                    return False
                half = target.parent / f".{target.name}.half"
                half.write_bytes(data)
                half.replace(target)
        except OSError as error:
            raise RegistryError(f"cannot write {target}: {error.strerror}") from None
        return True

    def path(self, key: str) -> Path:
        """The local folder of a key."""
        return self.root / key

    def renew(self, key: str) -> None:
        """Nothing: a folder here is the published one itself."""

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A private folder on the registry's own file system; what is left in it afterwards is removed."""
        import shutil  # who only reads starts sooner without
        import tempfile

        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._sweep()
            folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.root))
        except OSError as error:
            raise RegistryError(f"cannot write to the registry {self.root}: {error.strerror}") from None
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what publishers who were killed left behind."""
        import shutil

        for folder in self.root.glob(f"{_STAGING}*"):
            with suppress(FileNotFoundError):  # a publisher who has just finished
                if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, key: str) -> bool:
        """Move a staged folder to a key in one step; False, and nothing done, where the key is taken."""
        target = self.root / key
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
            folder.rename(target)  # onto a folder that is not empty, POSIX refuses this
        except OSError as error:
            if target.exists():
                return False
            raise RegistryError(f"cannot write to the registry {target}: {error.strerror}") from None
        return True
