"""Selections of columns."""

from __future__ import annotations

from typing import Any

from lightship.compiler.sources.sklearn.transformers.base import Draft, Table
from lightship.compiler.sources.sklearn.translate.base import Untranslatable


def select(selector: Any, draft: Draft, table: Table) -> Table:
    """Return the columns that a selector keeps; it was fitted on all of them."""
    draft.reads(table)
    return draft.select(table, [int(position) for position in selector.get_support(indices=True)])


def function(transformer: Any, draft: Draft, table: Table) -> Table:
    """FunctionTransformer without a function: the columns unchanged."""
    if transformer.func is not None:
        name = getattr(transformer.func, "__name__", "of its own")
        raise Untranslatable(
            f"FunctionTransformer calls the function {name:.60}, which is code and cannot be compiled: use "
            "transformers of scikit-learn, or apply it to the data before the model"
        )
    return table
