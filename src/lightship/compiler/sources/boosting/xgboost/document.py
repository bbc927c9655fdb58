"""Parsing of XGBoost's two file formats to the same tree of values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightship.compiler.sources.base import suffix
from lightship.compiler.sources.boosting.model import BrokenModel
from lightship.compiler.sources.boosting.xgboost import ubjson

MOST_BYTES = {"json": 256 * 1024**2, "ubj": 1024**3}  # parsed JSON takes ten times its size


def parse(path: Path) -> Any:
    """Return the values of a .json or .ubj file; raises BrokenModel.

    Objects are dictionaries, arrays are lists or numpy arrays. The limits apply to size, depth and numbers. Two equal
    keys in one object are refused, because parsers choose different ones.
    """
    kind = "ubj" if suffix(path) == ".ubj" else "json"
    if path.stat().st_size > MOST_BYTES[kind]:
        raise BrokenModel(
            f"{path.name} has {path.stat().st_size} bytes, and the limit for .{kind} is {MOST_BYTES[kind]}"
            + (": save it as .ubj" if kind == "json" else "")
        )
    data = path.read_bytes()
    try:
        return ubjson.parse(data) if kind == "ubj" else _json(data)
    except (ValueError, RecursionError) as error:
        detail = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BrokenModel(f"{path.name} is not a complete XGBoost model: {detail:.200}") from None


def _json(data: bytes) -> Any:
    return json.loads(data.decode(), object_pairs_hook=unique, parse_constant=_refuse)


def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs as a dictionary; raises ValueError where a key occurs twice."""
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for index, key in enumerate(keys) if key in keys[:index])
        raise ValueError(f"the key '{twice:.80}' occurs twice")
    return record


def _refuse(constant: str) -> Any:
    raise ValueError(f"it contains {constant}")
