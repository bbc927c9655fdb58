"""Largest sizes of a registry's files that are read whole or one by one.

A folder or bucket may hold anything under the name of a document: its size is checked before it is read.
"""

from __future__ import annotations

from collections.abc import Mapping

_MEBIBYTE = 1024**2

STATE = 4 * _MEBIBYTE
INDEX = 32 * _MEBIBYTE
MANIFEST = 4 * _MEBIBYTE
REPORT = 32 * _MEBIBYTE
MEASUREMENTS = 4 * _MEBIBYTE

# Any other file: a compiled model cannot be larger than 2 GiB, which is the limit of its format.
OTHER = 2048 * _MEBIBYTE

_BY_NAME: Mapping[str, int] = {"state.json": STATE, "manifest.json": MANIFEST, "report.json": REPORT}

# Key of the index of a registry's models (lightship.registry.index).
INDEX_KEY = "index.json"


def limit_of(key: str) -> int:
    """Return the largest size in bytes of the file at a key of a registry."""
    folder, _, name = key.rpartition("/")
    if folder.endswith("/measurements"):
        return MEASUREMENTS
    if key == INDEX_KEY:
        return INDEX
    return _BY_NAME.get(name, OTHER)


def too_large(key: str, size: int) -> str:
    """Return the sentence that refuses a file beyond its limit; sizes are in bytes."""
    return f"{key} has {size:,} bytes, the limit is {limit_of(key):,}"
