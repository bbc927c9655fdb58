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


def cost(blocks: Array) -> int:
    """Return the number of evaluations."""
    return 2 + len(blocks) + len(np.unique(blocks))


def effects(values: Values, blocks: Array) -> Effects:
    """Return the effect of each feature; ``blocks`` is the index of each one's block."""
    count, block_count = len(blocks), len(np.unique(blocks))
    ends = np.array([[False] * count, [True] * count])
    without_one = ~np.eye(count, dtype=bool)
    without_block = np.arange(block_count)[:, np.newaxis] != blocks
    numbers = values(np.concatenate([ends, without_one, without_block]))
    base, prediction = numbers[:2].tolist()
    found, whole = prediction - numbers[2 : 2 + count], prediction - numbers[2 + count :]
    sums = np.bincount(blocks, found, minlength=block_count)
    error = np.abs(sums - whole).max(initial=0.0)
    return Effects("occlusion", found, base, prediction, float(error), len(numbers))
