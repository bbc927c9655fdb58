"""Transformers made of others: Pipeline, ColumnTransformer, FeatureUnion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.transformers.base import Draft, Part, Table
from lightship.compiler.sources.sklearn.translate.base import Untranslatable

Transform = Callable[[Any, Draft, Table], Table]


def named(step: str, function: Transform, transformer: Any, draft: Draft, table: Table) -> Table:
    """Apply a step; an error begins with its name."""
    try:
        return function(transformer, draft, table)
    except Untranslatable as error:
        raise Untranslatable(f"step '{step}': {error.message}") from None


def pipeline(model: Any, draft: Draft, table: Table, transform: Transform) -> Table:
    """Pipeline: its steps in order."""
    for name, step in model.steps:
        table = named(name, transform, step, draft, table)
    return table


def columns(model: Any, draft: Draft, table: Table, transform: Transform) -> Table:
    """ColumnTransformer: each transformer's columns, joined."""
    if model.n_features_in_ != len(table.names):
        raise Untranslatable(
            f"ColumnTransformer was fitted on {model.n_features_in_} columns, and the step before it has "
            f"{len(table.names)}"
        )
    parts: list[Part] = []
    for name, transformer, picked in model.transformers_:
        positions = column_positions(picked, model)
        if not positions or (isinstance(transformer, str) and transformer == "drop"):
            continue
        output = named(name, transform, transformer, draft, draft.select(table, positions))
        parts += _weighted(output, model.transformer_weights, name, draft)
    return Table(tuple(parts))


def union(model: Any, draft: Draft, table: Table, transform: Transform) -> Table:
    """FeatureUnion: all transformers on the same columns, joined."""
    parts: list[Part] = []
    for name, transformer in model.transformer_list:
        output = named(name, transform, transformer, draft, table)
        parts += _weighted(output, model.transformer_weights, name, draft)
    return Table(tuple(parts))


def column_positions(picked: Any, model: Any) -> list[int]:
    """Return the positions of a ColumnTransformer's selection of any form."""
    count = model.n_features_in_
    names = [str(name) for name in getattr(model, "feature_names_in_", [])]
    if isinstance(picked, slice):
        start = names.index(picked.start) if isinstance(picked.start, str) else picked.start
        stop = names.index(picked.stop) + 1 if isinstance(picked.stop, str) else picked.stop  # a name is included
        return list(range(count))[slice(start, stop, picked.step)]
    if isinstance(picked, str) or np.ndim(picked) == 0:
        raise Untranslatable(
            f"ColumnTransformer passes the column {picked!r:.60} as one dimension, which only transformers of text "
            "take: name it in a list"
        )
    return list(_positions(list(picked), names, count))


def _positions(picked: list[Any], names: list[str], count: int) -> Iterator[int]:
    if picked and all(isinstance(each, bool | np.bool_) for each in picked):
        yield from (position for position, used in enumerate(picked) if used)
        return
    for each in picked:
        yield names.index(each) if isinstance(each, str) else range(count)[int(each)]


def _weighted(table: Table, weights: Mapping[str, float] | None, name: str, draft: Draft) -> Iterable[Part]:
    weight = (weights or {}).get(name)
    if weight is None:
        return table.parts
    value = draft.step("multiply", draft.matrix(table, None), np.array(float(weight)))
    return (Part(value, table.names),)


COMPOSED: Mapping[str, Callable[[Any, Draft, Table, Transform], Table]] = {
    "Pipeline": pipeline,
    "ColumnTransformer": columns,
    "FeatureUnion": union,
}
