"""Encoders of categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.transformers.base import Draft, Part, Table, matrix_table
from lightship.compiler.sources.sklearn.translate.base import Untranslatable
from lightship.tensors import Array


@dataclass(frozen=True)
class Categories:
    """Values of one column in a program, and their positions in ``categories_``.

    Strings are bytes; a string column has no missing values, so None and NaN are left out. ``strings`` and ``booleans``
    are whether all values are.
    """

    values: Array
    positions: Array
    strings: bool
    booleans: bool


def one_hot(encoder: Any, draft: Draft, table: Table) -> Table:
    """OneHotEncoder: one column of 0 and 1 for each category."""
    parts = []
    for index, (part, offset) in enumerate(_locations(table)):
        found = _categories(encoder, encoder.categories_[index], part.names[offset])
        width, positions, unknown = _columns(encoder, index)
        _note(draft, table, index, found, unknown=unknown is not None)
        value = draft.step(
            "one_hot",
            _value(draft, part, offset, found, encoder),
            found.values,
            positions[found.positions],
            name=part.names[offset],
            width=width,
            unknown=unknown,
        )
        parts.append(Part(value, (part.names[offset],) * width))
    return Table(tuple(parts))


def ordinal(encoder: Any, draft: Draft, table: Table) -> Table:
    """OrdinalEncoder: the position of each category as a number."""
    if any(each is not None for each in getattr(encoder, "infrequent_categories_", [])):
        raise Untranslatable("OrdinalEncoder with infrequent categories cannot be compiled: use OneHotEncoder")
    coded = encoder.handle_unknown == "use_encoded_value"
    values = []
    for index, (part, offset) in enumerate(_locations(table)):
        categories = encoder.categories_[index]
        found = _categories(encoder, categories, part.names[offset])
        _note(draft, table, index, found, unknown=coded)
        numbers = np.arange(len(categories) + 1, dtype=np.float64)
        numbers[[place for place, each in enumerate(categories) if _is_missing(each)]] = encoder.encoded_missing_value
        numbers[-1] = encoder.unknown_value if coded else np.nan
        values.append(
            draft.step(
                "ordinal",
                _value(draft, part, offset, found, encoder),
                found.values,
                found.positions,
                numbers,
                name=part.names[offset],
                unknown=-1 if coded else None,
            )
        )
    return Table(tuple(matrix_table(value, (name,)).parts[0] for value, name in zip(values, table.names, strict=True)))


def _locations(table: Table) -> list[tuple[Part, int]]:
    return [(part, offset) for part in table.parts for offset in range(len(part.names))]


def _categories(encoder: Any, categories: Array, name: str) -> Categories:
    strings = categories.dtype.kind in "OUS" and any(isinstance(each, str) for each in categories)
    kept = [place for place, each in enumerate(categories) if not (strings and _is_missing(each))]
    values = [categories[place] for place in kept]
    if strings and not all(isinstance(each, str) for each in values):
        raise Untranslatable(f"{type(encoder).__name__} has strings and numbers in the column '{name}': use one type")
    if strings:
        array = np.empty(len(values), np.object_)
        array[:] = [each.encode("utf-8", "surrogateescape") for each in values]
    else:
        array = np.array([np.nan if each is None else each for each in values], np.float64)
    booleans = bool(values) and all(isinstance(each, bool | np.bool_) or _is_missing(each) for each in values)
    return Categories(array, np.array(kept, np.int64), strings, booleans)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _value(draft: Draft, part: Part, offset: int, found: Categories, encoder: Any) -> str:
    """Return the value of a column; record whether it is of strings."""
    name = part.names[offset]
    if found.strings and part.kind != "string":
        if not part.raw:
            raise Untranslatable(f"{type(encoder).__name__} takes strings in the column '{name}', after numbers")
        draft.strings.add(name)
    if not found.strings and part.kind == "string":
        raise Untranslatable(f"{type(encoder).__name__} takes numbers in the column '{name}', which holds strings")
    return draft.column(part, offset)


def _note(draft: Draft, table: Table, index: int, found: Categories, *, unknown: bool) -> None:
    if table.raw[index]:
        if found.booleans:
            draft.booleans.add(table.names[index])
        if b"" in found.values.tolist():
            draft.gaps.pop(table.names[index], None)
        draft.note(table, [index], unknown=unknown and not found.booleans)
        statistics = draft.statistics[table.names[index]]
        statistics.values = statistics.values or tuple(found.values.tolist())


def _columns(encoder: Any, index: int) -> tuple[int, Array, int | None]:
    """Return the number of output columns, that of each category, and that of others.

    A column of -1 is none; None refuses the value.
    """
    categories = encoder.categories_[index]
    infrequent = getattr(encoder, "infrequent_categories_", [None] * len(encoder.categories_))[index]
    dropped = None if encoder.drop_idx_ is None else encoder.drop_idx_[index]
    if infrequent is not None:
        if dropped is not None:
            raise Untranslatable("OneHotEncoder with both drop and infrequent categories cannot be compiled")
        rare = np.array([any(each == other for other in infrequent) for each in categories])
        width = int((~rare).sum()) + 1
        positions = np.where(rare, width - 1, np.cumsum(~rare) - 1)
    else:
        kept = np.arange(len(categories)) != (-1 if dropped is None else dropped)
        width, positions = int(kept.sum()), np.where(kept, np.cumsum(kept) - 1, -1)
    return width, positions, _unknown(encoder, infrequent, width)


def _unknown(encoder: Any, infrequent: Any, width: int) -> int | None:
    if encoder.handle_unknown == "error":
        return None
    return width - 1 if infrequent is not None and encoder.handle_unknown != "ignore" else -1
