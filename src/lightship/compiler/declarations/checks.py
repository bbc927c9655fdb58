"""Checks of mappings in a model.yaml; messages name the key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lightship.errors import CompileError


def check_keys(record: Mapping[Any, Any], keys: Collection[str], path: str = "") -> None:
    """Raise CompileError for a key that is not among ``keys``.

    ``path`` is the mapping's own, such as ``outputs.y``; empty for the file.
    """
    for key in record:
        if key not in keys:
            name = f"{path}.{key}" if path else key
            raise CompileError(f"model.yaml: unknown key '{name}', expected {', '.join(keys)}")


def mapping(record: Mapping[Any, Any], key: str, path: str = "") -> dict[str, Any]:
    """Return the mapping at a key, whose keys are names; empty without it.

    ``path`` is that of ``record``. Raises CompileError for another value.
    """
    value = record.get(key) or {}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        name = f"{path}.{key}" if path else key
        raise CompileError(f"model.yaml: {name} must be a mapping with names as keys, not {value!r:.60}")
    return value
