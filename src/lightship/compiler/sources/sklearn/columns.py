"""Columns that a model reads, as inputs and as the first table of its steps."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from lightship.compiler.sources.sklearn.transformers.base import Draft, Part, Table
from lightship.compiler.sources.traced import FEATURES
from lightship.inputs import gaps
from lightship.tensors import TensorSpec


@dataclass(frozen=True)
class Columns:
    """Columns of the rows that a model was fitted on.

    Attributes:
        fitted: the names of all columns; by default those of scikit-learn.
        named: whether the data had names.
        names: the columns that are inputs, or columns of the only input ``features``.
        strings, booleans: those of the columns that hold strings and booleans.
        gaps: what an empty string stands for, None or NaN, by column in which missing strings are imputed.
    """

    fitted: tuple[str, ...]
    named: bool
    names: tuple[str, ...]
    strings: Set[str] = frozenset()
    booleans: Set[str] = frozenset()
    gaps: Mapping[str, Any] = field(default_factory=dict)

    def read_by(self, draft: Draft) -> Columns:
        """Return the columns that the steps of a draft read.

        The input ``features`` keeps all columns where they have only positions.
        """
        whole = not (self.named or draft.strings)
        names = tuple(name for name in self.fitted if whole or name in draft.read)
        return replace(self, names=names, strings=draft.strings, booleans=draft.booleans, gaps=draft.gaps)

    @property
    def positions(self) -> list[int]:
        """Return the positions of the columns in the model's rows."""
        return [position for position, name in enumerate(self.fitted) if name in self.names]

    def table(self) -> Table:
        """Return the table of all columns; no value holds those that are not read."""
        if self.strings:
            return Table(tuple(Part(name, (name,), self._kind(name), raw=True) for name in self.fitted))
        absent = tuple(position for position, name in enumerate(self.fitted) if name not in self.names)
        return Table((Part(FEATURES, self.fitted, raw=True, absent=absent),))

    def inputs(self, dtype: str) -> tuple[TensorSpec, ...]:
        """Return the inputs; ``dtype`` is that of the only one."""
        if self.strings:
            return tuple(self._input(name) for name in self.names)
        kind = gaps.table(self.names, (), self.booleans) if self.named else None
        return (TensorSpec(FEATURES, dtype, (None, len(self.names)), kind),)

    def _kind(self, name: str) -> Literal["number", "string"]:
        return "string" if name in self.strings else "number"

    def _input(self, name: str) -> TensorSpec:
        if name in self.strings:
            return TensorSpec(name, "string", (None,), gaps.STRING if name in self.gaps else None)
        return TensorSpec(name, "float64", (None,), gaps.BOOLEAN if name in self.booleans else None)
