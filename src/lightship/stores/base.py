"""What every store offers a registry. Keys are names joined by ``/``."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """Small files that are changed by compare-and-swap, and folders that are published once."""

    def list(self, key: str = "") -> list[str]:
        """Names of the folders directly below a key, sorted; none where the key does not exist."""
        ...

    def read(self, key: str) -> tuple[bytes, str] | None:
        """A small file and its etag; None where there is none."""
        ...

    def changed(self, key: str, etag: str | None) -> bool:
        """Whether a small file has another etag than this one (None: that it exists)."""
        ...

    def write(self, key: str, data: bytes, *, if_match: str | None) -> bool:
        """Replace a small file that has this etag (None: that does not exist); False, and nothing done, otherwise."""
        ...

    def path(self, key: str) -> Path:
        """A published folder as a local one."""
        ...

    def renew(self, key: str) -> Path | None:
        """The same folder, fetched anew because its files are not what was published; None for what is the original."""
        ...

    def staging(self) -> AbstractContextManager[Path]:
        """A private local folder to build in, removed at the end."""
        ...

    def publish(self, folder: Path, key: str) -> bool:
        """Make a staged folder visible at a key, whole or not at all; False where the key is taken."""
        ...
