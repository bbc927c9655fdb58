"""LightGBM's text format: lines ``key=value`` in a header and in each tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lightship.compiler.sources.boosting.model import BrokenModel
from lightship.compiler.trees.forest import MOST_NODES
from lightship.errors import SourceRefused
from lightship.tensors import Array

MOST_BYTES = 1024**3
_END = "end of trees"
_VERSIONS = ("v2", "v3", "v4")


@dataclass(frozen=True)
class Section:
    """Fields of the header or of a tree, and its name for messages."""

    fields: Mapping[str, str]
    place: str
    label: str

    def broken(self, name: str, expected: str) -> BrokenModel:
        """Return the error about a field."""
        return BrokenModel(f"{self.label} is not a LightGBM model: {name} of {self.place} must be {expected}")

    def integer(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """Return an integer in a range."""
        value = self.fields.get(name, "" if default is None else str(default))
        plain = value.isascii() and len(value) < 11 and value.removeprefix("-").isdecimal()
        if not plain or not least <= int(value) <= most:
            raise self.broken(name, f"an integer from {least} to {most}")
        return int(value)

    @property
    def leaves(self) -> int:
        """Return the number of leaves of a tree."""
        return self.integer("num_leaves", 1, MOST_NODES // 2)

    def integers(self, name: str, count: int) -> Array:
        """Return a number of integers."""
        found = self._numbers(name, count)
        if not (np.abs(found) < 2**31).all() or (found != np.trunc(found)).any():
            raise self.broken(name, f"{count} integers")
        return found.astype(np.int64)

    def floats(self, name: str, count: int) -> Array:
        """Return a number of finite float64."""
        found = self._numbers(name, count)
        if not np.isfinite(found).all():
            raise self.broken(name, f"{count} finite numbers")
        return found

    def _numbers(self, name: str, count: int) -> Array:
        words = self.fields.get(name, "").split()
        try:
            found = np.array([float(word) for word in words], np.float64)
        except ValueError:
            found = np.empty(0)
        if len(found) != count or len(words) != count:
            raise self.broken(name, f"{count} numbers")
        return found


@dataclass(frozen=True)
class Model:
    """Header and trees of a file; ``averaged`` is the header's ``average_output``."""

    header: Section
    trees: tuple[Section, ...]
    averaged: bool


def parse(path: Path) -> Model:
    """Return the sections of a file; raises SourceRefused."""
    if path.stat().st_size > MOST_BYTES:
        raise SourceRefused(f"{path.name} has {path.stat().st_size} bytes, and the limit is {MOST_BYTES}")
    try:
        lines = path.read_bytes().decode().splitlines()
    except UnicodeDecodeError:
        raise BrokenModel(f"{path.name} is not a LightGBM model: it is not UTF-8 text") from None
    sections = list(_sections(lines, path.name))
    header = sections[0]
    if header.fields.get("version") not in _VERSIONS:
        raise header.broken("version", f"one of {', '.join(_VERSIONS)}")
    return Model(header, tuple(sections[1:]), "average_output" in header.fields)


def _sections(lines: list[str], label: str) -> Iterator[Section]:
    """Yield the header and the trees, up to the line that ends the trees."""
    fields: dict[str, str] = {}
    place, count = "the header", 0
    for line in lines[1:]:
        if line in (f"Tree={count}", _END):
            yield Section(fields, place, label)
            fields, place, count = {}, f"tree {count}", count + 1
            if line == _END:
                return
        elif line:
            name, _, value = line.partition("=")
            if name in fields or name == "Tree":
                raise BrokenModel(f"{label} is not a LightGBM model: {place} has a second '{name:.40}'")
            fields[name] = value
    raise BrokenModel(f"{label} is not a complete LightGBM model: the line '{_END}' is missing")
