"""Draft of a preprocessing program: named values, and tables of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Literal

import numpy as np

from lightship.compiler.sources.sklearn.translate.base import Untranslatable
from lightship.preprocessing.builder import ProgramBuilder
from lightship.tensors import Array


@dataclass(frozen=True)
class Part:
    """Columns of a table that one value of the program holds.

    Attributes:
        value: the value's name.
        names: the columns' names, for messages and statistics.
        kind: ``matrix`` [rows, columns] or ``number`` [rows] of float64, or ``string`` [rows] of bytes.
        raw: whether the columns have the units of the model's inputs of the same names.
        absent: offsets of the columns that a matrix lacks, because no transformer reads them.
    """

    value: str
    names: tuple[str, ...]
    kind: Literal["matrix", "number", "string"] = "matrix"
    raw: bool = False
    absent: tuple[int, ...] = ()

    def positions(self, offsets: Iterable[int]) -> list[int]:
        """Return the positions of columns in the matrix."""
        return [offset - sum(each < offset for each in self.absent) for offset in offsets]


@dataclass(frozen=True)
class Table:
    """Columns between two transformers."""

    parts: tuple[Part, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all columns."""
        return tuple(name for part in self.parts for name in part.names)

    @property
    def raw(self) -> tuple[bool, ...]:
        """Return for every column whether it has an input's units."""
        return tuple(part.raw for part in self.parts for _ in part.names)


@dataclass
class Statistics:
    """What the transformers know about an input column, for samples.

    ``values`` are its categories. ``unknown`` and ``missing`` are whether it may hold other values, and NaN.
    """

    center: float = 0.0
    spread: float = 1.0
    values: tuple[Any, ...] = ()
    unknown: bool = False
    missing: bool = False


@dataclass
class Draft:
    """Program under construction.

    Attributes:
        builder: the program.
        strings: the input columns that transformers read as strings.
        booleans: those that an encoder was fitted on as booleans.
        read: the input columns that transformers read.
        gaps: what an empty string stands for, None or NaN, by column in which missing strings are imputed.
        statistics: what the transformers know about input columns, by name.
    """

    builder: ProgramBuilder
    strings: set[str] = field(default_factory=set)
    booleans: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    gaps: dict[str, Any] = field(default_factory=dict)
    statistics: dict[str, Statistics] = field(default_factory=dict)

    def step(self, operator: str, *inputs: str | Array, **options: Any) -> str:
        """Append a step and return the name of its result.

        The operator's group is ``tables`` unless it is given. Arrays become constants.
        """
        names = [each if isinstance(each, str) else self.builder.constant(each) for each in inputs]
        (value,) = self.builder.step(operator if "." in operator else f"tables.{operator}", names, options)
        return value

    def matrix(self, table: Table, reader: Any) -> str:
        """Return the value of all columns as a matrix of float64.

        Raises Untranslatable, which names the ``reader``, for a column of strings.
        """
        if text := next((part for part in table.parts if part.kind == "string"), None):
            raise Untranslatable(
                f"{type(reader).__name__} takes numbers, and the column '{text.names[0]}' "
                "holds strings: encode it first"
            )
        self.reads(table)
        values = []
        for kind, parts in groupby(table.parts, key=lambda part: part.kind):
            names = [part.value for part in parts]
            values += names if kind == "matrix" else [self.step("stack", *names)]
        return values[0] if len(values) == 1 else self.step("matrix", *values)

    def reads(self, table: Table) -> None:
        """Record that a transformer reads all columns that have an input's units."""
        self.read.update(name for part in table.parts if part.raw for name in part.names)

    def column(self, part: Part, offset: int) -> str:
        """Return the value [rows] of one column of a part."""
        if part.raw:
            self.read.add(part.names[offset])
        if part.kind != "matrix":
            return part.value
        return self.step("pick", part.value, position=part.positions([offset])[0])

    def select(self, table: Table, positions: Sequence[int]) -> Table:
        """Return some columns of a table."""
        locations = [(part, offset) for part in table.parts for offset in range(len(part.names))]
        parts = []
        for part, group in groupby([locations[position] for position in positions], key=lambda location: location[0]):
            offsets = [offset for _, offset in group]
            parts += [part] * len(offsets) if part.kind != "matrix" else [self._part(part, offsets)]
        return Table(tuple(parts))

    def note(self, table: Table, positions: Iterable[int] | None = None, **found: Any) -> None:
        """Record statistics of the columns that have an input's units.

        Sequences among ``found`` have an entry for each of the columns. The first transformer's statistics count.
        """
        for index, position in enumerate(range(len(table.names)) if positions is None else positions):
            if table.raw[position]:
                column = self.statistics.setdefault(table.names[position], Statistics())
                for key, values in found.items():
                    value = values if np.ndim(values) == 0 else values[index]
                    if getattr(column, key) == getattr(Statistics(), key):
                        setattr(column, key, value)

    def _part(self, part: Part, offsets: list[int]) -> Part:
        positions = part.positions(offsets)
        whole = positions == list(range(len(part.names) - len(part.absent)))
        value = part.value if whole else self.step("select", part.value, np.array(positions, np.int64))
        return replace(part, value=value, names=tuple(part.names[offset] for offset in offsets), absent=())


def matrix_table(value: str, names: Iterable[str], *, raw: Sequence[bool] = ()) -> Table:
    """Return the table of one matrix.

    ``raw`` is, for each column, whether it has an input's units.
    """
    named = tuple(names)
    return Table((Part(value, named, raw=bool(raw) and all(raw)),))


Transformation = Callable[[Any, Draft, Table], Table]
"""Function of a fitted transformer, the draft and its input; raises Untranslatable."""
