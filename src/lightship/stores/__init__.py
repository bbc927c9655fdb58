"""Where a registry keeps its files. Adding a store: one file, one entry here, one test."""

from __future__ import annotations

from pathlib import Path

from lightship.errors import RegistryError
from lightship.settings import DEFAULT_CACHE, CacheSettings
from lightship.stores.base import Store


def open_store(location: str, *, cache: CacheSettings = DEFAULT_CACHE) -> Store:
    """The store of a location: a folder, or ``s3://bucket/prefix``; raises RegistryError for any other scheme.

    ``cache`` is for what is downloaded from S3.
    """
    scheme, separator, rest = location.partition("://")
    if not separator:
        from lightship.stores.folder import FolderStore

        return FolderStore(Path(location))
    if scheme == "s3":
        from lightship.stores.s3 import S3Store

        return S3Store(rest, cache=cache)
    raise RegistryError(f"the registry {location!r} is neither a folder nor s3://bucket/prefix")
