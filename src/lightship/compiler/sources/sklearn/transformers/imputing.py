"""Imputers of missing values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.transformers.base import Draft, Part, Table
from lightship.compiler.sources.sklearn.translate.base import Untranslatable


def simple(imputer: Any, draft: Draft, table: Table) -> Table:
    """SimpleImputer: a value for each column in place of missing ones."""
    statistics = np.asarray(imputer.statistics_)
    if statistics.dtype.kind in "OUS" and any(isinstance(each, str) for each in statistics):
        return _strings(imputer, draft, table)
    numbers = statistics.astype(np.float64)
    missing = _marker(imputer)
    draft.note(table, center=np.nan_to_num(numbers), missing=missing is None)
    value = draft.matrix(table, imputer)
    kept = np.flatnonzero(~np.isnan(numbers) | bool(imputer.keep_empty_features))
    raw = table.raw
    source = value if len(kept) == len(numbers) else draft.step("select", value, kept)
    filled = draft.step("impute", source, np.nan_to_num(numbers[kept]), missing=missing)
    names = tuple(table.names[position] for position in kept)
    parts = (Part(filled, names, raw=all(raw[position] for position in kept)),)
    return (
        Table((*parts, *_indicated(imputer.indicator_, draft, value, table))) if imputer.add_indicator else Table(parts)
    )


def indicator(imputer: Any, draft: Draft, table: Table) -> Table:
    """MissingIndicator: 1 where a value is missing."""
    draft.note(table, missing=_marker(imputer) is None)
    return Table(_indicated(imputer, draft, draft.matrix(table, imputer), table))


def _indicated(imputer: Any, draft: Draft, value: str, table: Table) -> tuple[Part, ...]:
    features = np.asarray(imputer.features_, np.int64)
    if not len(features):
        return ()
    picked = draft.step("select", value, features)
    names = tuple(table.names[position] for position in features)
    return (Part(draft.step("indicators", picked, missing=_marker(imputer)), names),)


def _marker(imputer: Any) -> float | None:
    """Return the number that marks a missing value; None for NaN."""
    marker = imputer.missing_values
    if marker is None or (isinstance(marker, float) and np.isnan(marker)):
        return None
    if isinstance(marker, str):
        raise Untranslatable(f"{type(imputer).__name__} with missing_values={marker!r:.40} cannot be compiled: use NaN")
    return float(marker)


def _strings(imputer: Any, draft: Draft, table: Table) -> Table:
    """Impute columns of strings, in which an empty one stands for NaN and None.

    It does not where an encoder has the empty string as a category.
    """
    if imputer.add_indicator or not all(isinstance(each, str) for each in imputer.statistics_):
        raise Untranslatable("SimpleImputer of strings with add_indicator, or beside numbers, cannot be compiled")
    marker = imputer.missing_values if isinstance(imputer.missing_values, str) else ""
    draft.reads(table)
    if any(part.kind != "string" for part in table.parts):  # the first draft, which finds out
        draft.strings.update(table.names)
        draft.gaps.update({} if marker else dict.fromkeys(table.names, imputer.missing_values))
        return table
    parts = zip(table.parts, imputer.statistics_, strict=True)
    return Table(tuple(_imputed(part, text, marker, draft) for part, text in parts))


def _imputed(part: Part, text: str, marker: str, draft: Draft) -> Part:
    (name,) = part.names
    if not marker and name not in draft.gaps:
        return part
    draft.note(Table((part,)), missing=not marker)
    value = np.array([text.encode("utf-8", "surrogateescape")], np.object_)
    return replace(part, value=draft.step("impute_text", part.value, value, missing=marker))
