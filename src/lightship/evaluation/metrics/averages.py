"""Precision, recall and F1, averaged as scikit-learn does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lightship.evaluation.counts.hits import Hits
from lightship.tensors import Array


def by_class(hits: Hits) -> Mapping[str, Array]:
    """Return precision, recall and F1 by class [1 + replicates, classes].

    NaN where no row is predicted as the class, or has it, or for F1 neither.
    """
    return {
        "precision": ratio(hits.right, hits.predicted),
        "recall": ratio(hits.right, hits.support),
        "f1": ratio(2 * hits.right, hits.predicted + hits.support),
    }


def averaged(hits: Hits, *, rows: Array | None = None) -> dict[str, Array]:
    """Return precision, recall and F1, each macro, micro and weighted.

    Each is [1 + replicates]. Macro is the mean over the classes that are targets or predictions, or, with the number of
    ``rows`` [1 + replicates], over all classes; a class without a value counts as 0. Weighted is by the number of rows.
    """
    total = Hits(*(array.sum(axis=1, keepdims=True) for array in (hits.right, hits.support, hits.predicted)))
    present = hits.support + hits.predicted > 0
    if rows is not None:
        present |= rows[:, np.newaxis] > 0
    found: dict[str, Array] = {}
    for (name, values), micro in zip(by_class(hits).items(), by_class(total).values(), strict=True):
        filled = np.nan_to_num(values)
        found[f"{name}_macro"] = ratio((filled * present).sum(axis=1), present.sum(axis=1))
        found[f"{name}_micro"] = micro[:, 0]
        found[f"{name}_weighted"] = ratio((filled * hits.support).sum(axis=1), hits.support.sum(axis=1))
    return found


def balanced_accuracy(hits: Hits) -> Array:
    """Return the mean recall of the classes that are targets [1 + replicates]."""
    return mean_of_defined(by_class(hits)["recall"])


def mean_of_defined(values: Array) -> Array:
    """Return the mean of the values of the last axis that are not NaN.

    It is NaN without any.
    """
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1))


def ratio(above: Array, below: Array) -> Array:
    """Return a quotient, NaN where it is divided by 0."""
    quotient: Array = np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    return quotient
