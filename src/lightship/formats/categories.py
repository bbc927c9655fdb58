"""Columns of text that repeat few texts, such as class names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt


class Categories(Sequence[str]):
    """Texts of rows, by their position among the distinct texts.

    ``codes`` is an integer array [rows], ``names`` are the distinct texts.
    """

    def __init__(self, codes: npt.NDArray[Any], names: Sequence[str]) -> None:
        self.codes = codes
        self.names = tuple(names)

    @classmethod
    def concatenate(cls, parts: Sequence[Categories]) -> Categories:
        """Return the rows of parts with equal names, at least one."""
        return cls(np.concatenate([part.codes for part in parts]), parts[0].names)

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Categories: ...
    def __getitem__(self, index: int | slice) -> str | Categories:
        if isinstance(index, slice):
            return Categories(self.codes[index], self.names)
        name: str = self.names[self.codes[index]]
        return name

    def __iter__(self) -> Iterator[str]:
        return map(self.names.__getitem__, self.codes.tolist())
