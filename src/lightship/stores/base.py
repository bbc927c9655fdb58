"""Interface of a registry's store. Keys are names joined by ``/``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from lightship.errors import BundleError


class Store(Protocol):
    """Store of small files changed by compare-and-swap, and of published folders.

    Attributes:
        indexed: whether the registry keeps an index of its models, because each read is a request.
    """

    @property
    def indexed(self) -> bool:
        """See the attributes."""
        ...

    def list(self, key: str = "") -> list[str]:
        """Return the sorted names of the folders directly below a key.

        Empty where the key does not exist.
        """
        ...

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Return a small file and its etag; None where it does not exist.

        Raises UnreadableFile where it is not a readable file within its limit (:mod:`lightship.documents`).
        """
        ...

    def sizes(self, key: str) -> Mapping[str, int]:
        """Return the bytes of the files below a published folder, by their paths in it."""
        ...

    def changed(self, key: str, etag: str | None) -> bool:
        """Return whether a small file's etag is not this one (None: whether it exists)."""
        ...

    def write(self, key: str, data: bytes, *, if_match: str | None) -> bool:
        """Write a small file if its etag is ``if_match`` (None: if it does not exist).

        Returns False, and writes nothing, otherwise.
        """
        ...

    def path(self, key: str) -> Path:
        """Return the local path of a published folder."""
        ...

    def link(self, key: str, *, seconds: int) -> tuple[str, int] | None:
        """Return a URL from which clients may read a file, and the file's size in bytes.

        The URL expires. Returns None where the store has no URLs, or no such file.
        """
        ...

    def file(self, key: str, digest: str) -> Path:
        """Return the local path of one file of a published folder.

        ``digest`` is its SHA-256 in hexadecimal, which is verified. Raises BundleError where the file is missing or
        another one, UnreadableFile as :meth:`read`.
        """
        ...

    def renew(self, key: str) -> Path | None:
        """Download a published folder again because its local copy is corrupt.

        Returns None where the folder is the original, not a copy.
        """
        ...

    def staging(self) -> AbstractContextManager[Path]:
        """Create a private local folder to build in; it is removed at the end."""
        ...

    def publish(self, folder: Path, key: str) -> bool:
        """Publish a staged folder at a key; False where the key is taken.

        Readers see the whole folder or nothing.
        """
        ...


def missing_file(key: str) -> BundleError:
    """Return the error for a file that the manifest of a published folder lists."""
    return BundleError(f"{key} is missing: the version was removed or replaced after its manifest was read")


def changed_file(key: str) -> BundleError:
    """Return the error for a file with another digest than the manifest's."""
    return BundleError(f"{key} is corrupt or was changed: its digest differs from the manifest's")
