"""Stores of a registry's files. Adding a store: a file, an entry here, a test."""

from __future__ import annotations

from pathlib import Path

from lightship.errors import RegistryError
from lightship.settings import DEFAULT_CACHE, CacheSettings
from lightship.stores.base import Store


def open_store(location: str, *, cache: CacheSettings = DEFAULT_CACHE) -> Store:
    """Return the store at a location: a folder or ``s3://bucket/prefix``.

    ``cache`` is for downloads from S3. Raises RegistryError for any other scheme.
    """
    scheme, separator, rest = location.partition("://")
    if not separator:
        from lightship.stores.folder import FolderStore

        return FolderStore(Path(location))
    if scheme == "s3":
        from lightship.stores.s3 import S3Store

        return S3Store(rest, cache=cache)
    raise RegistryError(f"the registry {location!r} is neither a folder nor s3://bucket/prefix")
