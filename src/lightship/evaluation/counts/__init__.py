"""Counts of predictions beside their targets, from which metrics are computed.

They are added up block by block, and those of parts are merged in any grouping. Sums have a leading axis
[1 + replicates]: the value itself, and one for each replicate of the bootstrap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

from lightship.evaluation.counts import classes, numbers
from lightship.evaluation.counts.classes import Classes
from lightship.evaluation.counts.labels import Labels
from lightship.evaluation.counts.numbers import Numbers
from lightship.evaluation.counts.rankings import Rankings

__all__ = ["Classes", "Counts", "Labels", "Numbers", "Rankings", "from_json", "merge"]

Counts: TypeAlias = Classes | Labels | Numbers | Rankings

_STORED: Mapping[str, type[Classes] | type[Numbers]] = {classes.KIND: Classes, numbers.KIND: Numbers}


_Kind = TypeVar("_Kind", bound=Counts)


def merge(*parts: _Kind) -> _Kind:
    """Return the sum of one or more parts of one kind; their order does not matter.

    Raises ValueError for parts of different kinds or outputs.
    """
    found = {(type(part), part.output) for part in parts}
    if len(found) != 1:
        raise ValueError(f"counts of one output were expected, not of {sorted(part.output for part in parts)}")
    kind: Any = type(parts[0])
    merged: _Kind = kind.merged(parts)
    return merged


def from_json(record: Mapping[str, Any]) -> Classes | Numbers:
    """Return the counts of a record of ``to_json``."""
    return _STORED[record["kind"]].from_json(record)
