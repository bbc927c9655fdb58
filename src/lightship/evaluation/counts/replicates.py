"""Bootstrap replicates: each has a random weight of every row.

Weights are drawn from the Poisson distribution with mean 1. They depend only on the
seed and on the number and length of the block. So two models that are evaluated on the same rows are paired, results
are the same in every run, and nothing has to be kept between blocks. See Chamandy et al. (2012), "Estimating
uncertainty for massive data streams".
"""

from __future__ import annotations

import math

import numpy as np

from lightship.tensors import Array

# Rows of a block.
ROWS = 4096

# Replicates of an evaluation.
REPLICATES = 200

# An interval needs a value from at least this share of the replicates.
_LEAST_DEFINED = 0.5


def weights(seed: int, block: int, rows: int, replicates: int) -> Array:
    """Return the weights of a block's rows [1 + replicates, rows], float64.

    The first row is 1 everywhere: it gives the value itself. ``seed`` and ``block`` are not negative.
    """
    found = np.ones((1 + replicates, rows))
    draws = -(-replicates * rows // 4)  # four of 16 bits in a word
    words = np.random.PCG64([seed, block]).random_raw(draws).astype("<u8", copy=False)
    found[1:] = _POISSON[words.view("<u2")[: replicates * rows]].reshape(replicates, rows)
    return found


def interval(values: Array) -> tuple[float, float] | None:
    """Return the 2.5 and 97.5 percentiles of values [1 + replicates] after the first.

    NaN is a replicate without a value. None without replicates, or where most of them have no value.
    """
    defined = values[1:][np.isfinite(values[1:])]
    if not len(defined) or len(defined) < _LEAST_DEFINED * (len(values) - 1):
        return None
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def _poisson() -> Array:
    """Return a sample of the Poisson distribution for each number of 16 bits, uint8."""
    shares = np.cumsum([math.exp(-1) / math.factorial(count) for count in range(12)])
    return np.searchsorted(np.round(shares * 2**16), np.arange(2**16), side="right").astype(np.uint8)


_POISSON = _poisson()
