"""Where a registry keeps its files. Adding a store: one file, one entry here, one test."""

from __future__ import annotations

from pathlib import Path

from lightship.errors import RegistryError
from lightship.stores.base import Store


def open_store(location: str) -> Store:
    """The store of a location: a folder, or ``s3://bucket/prefix``; raises RegistryError for any other scheme."""
    scheme, separator, rest = location.partition("://")
    if not separator:
        from lightship.stores.folder import FolderStore

        return FolderStore(Path(location))
    if scheme == "s3":
        from lightship.stores.s3 import S3Store

        return S3Store(rest)
    raise RegistryError(f"the registry {location!r} is neither a folder nor s3://bucket/prefix")
