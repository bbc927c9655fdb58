"""Occlusion: how the prediction changes when one feature is absent.

The features are patches of an image or words of a text. Neighbours are also left out together, as blocks of two words
or of two by two patches: the largest difference between a block's effect and the sum of its features' effects is the
estimate of the error. It is zero where effects add up, and large where features can replace each other.
"""

from __future__ import annotations

import numpy as np

from lightship.explain.effects import Effects
from lightship.explain.evaluation import Values
from lightship.tensors import Array

_BYTES = 4 * 1024**2  # of the sets of features that are evaluated together


def cost(blocks: Array) -> int:
    """Return the number of evaluations."""
    return 2 + len(blocks) + len(np.unique(blocks))


def effects(values: Values, blocks: Array) -> Effects:
    """Return the effect of each feature; ``blocks`` is the index of each one's block."""
    count, block_count = len(blocks), len(np.unique(blocks))
    base, prediction = values(np.array([[False] * count, [True] * count])).tolist()
    found = prediction - _without(values, np.arange(count), count)
    whole = prediction - _without(values, blocks, block_count)
    sums = np.bincount(blocks, found, minlength=block_count)
    error = np.abs(sums - whole).max(initial=0.0)
    return Effects("occlusion", found, base, prediction, float(error), cost(blocks))


def _without(values: Values, groups: Array, count: int) -> Array:
    """Return the number without the features of each of the groups 0 to ``count - 1``.

    The sets of features are made a part at a time: together they grow with the square of the features.
    """
    step = max(1, _BYTES // max(1, len(groups)))
    parts = (np.arange(first, min(first + step, count)) for first in range(0, count, step))
    return np.concatenate([np.zeros(0), *(values(part[:, np.newaxis] != groups) for part in parts)])
