"""Names of the indices in a tensor: a text file with one name per line.

The name in the first line is that of index 0. The file is read when a name is needed for the first time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lightship.errors import BundleError

if TYPE_CHECKING:
    from lightship.tensors.specs import Array

# Character between names in a cell of a table, which no name holds.
SEPARATOR = "|"
MOST = 200_000
LONGEST = 500  # characters of a name

_NEIGHBOURS = 20  # in alphabetical order, on each side of a wrong name
_CLOSE = 3
_REFUSED = frozenset({"Cc", "Zl", "Zp"})  # categories of control characters and of separators of lines


@dataclass(frozen=True)
class Names:
    """Names of the indices from 0 to ``count - 1``.

    Attributes:
        file: path inside the bundle.
        count: how many names there are.
        path: the file on this machine; None where only a manifest is at hand.
    """

    file: str
    count: int
    path: Path | None = field(default=None, compare=False, repr=False)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Names:
        """Read the manifest's form; raises KeyError, TypeError or ValueError."""
        count = int(record["count"])
        if not 1 <= count <= MOST:
            raise ValueError(f"a file has 1 to {MOST:,} names, not {count}")
        return cls(str(record["file"]), count)

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form."""
        return {"file": self.file, "count": self.count}

    def located(self, folder: Path) -> Names:
        """Return the names with their file in the folder of the bundle."""
        return replace(self, path=folder / self.file)

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Return the names in the order of their indices; raises BundleError."""
        try:
            names = read_names(self.path.read_bytes() if self.path else b"")
        except (OSError, ValueError) as error:
            raise BundleError(f"the names in {self.file} cannot be read", detail=str(error)) from None
        if len(names) != self.count:
            raise BundleError(f"{self.file} has {len(names)} names and the manifest {self.count}: compile it again")
        return names

    @cached_property
    def indices(self) -> Mapping[str, int]:
        """Return the index of each name; raises BundleError."""
        return {name: index for index, name in enumerate(self.values)}

    def of(self, array: Array) -> Any:
        """Return an array of integers as nested lists of names.

        Any other number, such as that of padding, is None. Raises BundleError.
        """
        named = (array >= 0) & (array < self.count)
        return self._table[np.where(named, array, self.count).astype(np.int64)].tolist()

    def close_to(self, name: str) -> list[str]:
        """Return up to three similar names, those that begin with this one first.

        Only neighbours in alphabetical order are compared, so that a wrong name costs little also among many names.
        """
        from difflib import get_close_matches  # imported here: valid requests do not need it

        folded, names = self._sorted
        wanted = name[:LONGEST].casefold()
        at = bisect_left(folded, wanted)
        near = slice(max(0, at - _NEIGHBOURS), at + _NEIGHBOURS)
        originals = dict(zip(folded[near], names[near], strict=True))
        begin = [each for each in originals if wanted and each.startswith(wanted)]
        found = dict.fromkeys([*begin, *get_close_matches(wanted, originals, _CLOSE)])
        return [originals[each] for each in found][:_CLOSE]

    @cached_property
    def _table(self) -> Array:
        return np.array([*self.values, None], object)

    @cached_property
    def _sorted(self) -> tuple[list[str], list[str]]:
        """Return the names in alphabetical order of their lower-case forms, and these."""
        pairs = sorted((name.casefold(), name) for name in self.values)
        return [folded for folded, _ in pairs], [name for _, name in pairs]


def read_names(data: bytes) -> tuple[str, ...]:
    """Return the names in a file; spaces around a name are removed.

    A byte-order mark and CRLF are accepted. Raises ValueError, whose message follows the file's name.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8: byte {error.start} cannot be read") from None
    names = tuple(line.strip() for line in text.removesuffix("\n").split("\n"))
    if len(names) > MOST:
        raise ValueError(f"has {len(names):,} names: at most {MOST:,} are accepted")
    if not _are_plain(names):
        _check_lines(names)
    return names


def _are_plain(names: Sequence[str]) -> bool:
    """Return whether no line has a fault, much faster than by each of them."""
    together = "".join(names)
    plain = together.isprintable() and SEPARATOR not in together and all(names)
    return plain and max(map(len, names)) <= LONGEST and len(set(names)) == len(names)


def _check_lines(names: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for line, name in enumerate(names, start=1):
        if fault := _fault(name):
            raise ValueError(f"line {line} {fault}")
        if first.setdefault(name, line) != line:
            raise ValueError(f"lines {first[name]} and {line} have the same name, {name[:80]!r}")


def _fault(name: str) -> str:
    """Return why a name is refused; empty where it is accepted."""
    if not name:
        return "is empty: each line must have a name"
    if len(name) > LONGEST:
        return f"has {len(name):,} characters: a name has at most {LONGEST}"
    if SEPARATOR in name:
        return f"has the character {SEPARATOR}, which separates names in a table"
    return "" if name.isprintable() or not _has_control(name) else "has a control character"


def _has_control(name: str) -> bool:
    from unicodedata import category  # imported here: most names are printable

    return any(category(character) in _REFUSED for character in name)
