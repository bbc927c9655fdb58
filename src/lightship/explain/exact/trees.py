"""Path-dependent TreeSHAP, vectorised over leaves and rows.

Lundberg and others, From local explanations to global understanding, 2020.

For one leaf the game is a product: a feature that is present contributes 1 or 0, whether the row satisfies the leaf's
conditions on it, and an absent one the share of the training rows that do. The Shapley value of a product is the
integral over t from 0 to 1 of ``(present - absent) * product of t * present + (1 - t) * absent over the others``: the
mean over all sizes of coalitions. It is a polynomial in t, so that Gauss-Legendre nodes give it without error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lightship.explain.attribution import CheckTime, unlimited
from lightship.explain.exact.nodes import Nodes
from lightship.explain.exact.paths import Paths, paths_of
from lightship.explain.quadrature import gauss
from lightship.tensors import Array

_BLOCK = 1_000_000  # conditions of leaves by rows that are computed together


@dataclass(frozen=True)
class Trees:
    """An ensemble: the mean or the sum of trees, and a bias.

    Attributes:
        nodes: of all trees. Tree ``t`` adds to the group ``t % groups`` of the ``groups * width`` raw scores, ``width``
            the number of values of a leaf.
        bias: float64 [outputs].
        divisor: the number of trees of each group where the scores are means, else 1.
    """

    nodes: Nodes
    bias: Array
    divisor: int = 1

    @property
    def outputs(self) -> int:
        """Return the number of raw scores of a row."""
        return len(self.bias)

    @property
    def features(self) -> int:
        """Return the number of features."""
        return self.nodes.columns

    @cached_property
    def paths(self) -> list[Paths]:
        """Return the leaves' conditions; raises TooLarge beyond the limits."""
        return paths_of(self.nodes, groups=self.groups)

    @property
    def groups(self) -> int:
        """Return the number of groups of trees."""
        return self.outputs // self.nodes.width

    def scores(self, features: Array) -> Array:
        """Return the raw scores, float64 [rows, outputs]."""
        features = self.nodes.comparable(features)
        found = [self._score(features, output) for output in range(self.outputs)]
        return np.stack(found, axis=1)

    def effects(self, features: Array, output: int, check_time: CheckTime = unlimited) -> tuple[float, Array]:
        """Return the base and the contributions [rows, features] to one raw score.

        The base is the mean of the training rows, as the nodes' covers weigh them. ``check_time`` is called before each
        block of leaves and rows.
        """
        features = self.nodes.comparable(features)
        base, effects = float(self.bias[output]), np.zeros((len(features), self.features))
        for paths, values in self._leaves(output):
            base += float(values @ paths.shares.prod(axis=0))
            step = max(1, _BLOCK // max(1, paths.feature.size))
            for first in range(0, len(features), step):
                check_time()
                rows = slice(first, first + step)
                effects[rows] += _by_feature(paths, _effects(paths, values, features[rows]), self.features)
        return base, effects

    def _score(self, features: Array, output: int) -> Array:
        score = np.full(len(features), self.bias[output])
        for paths, values in self._leaves(output):
            step = max(1, _BLOCK // max(1, paths.feature.size))
            for first in range(0, len(features), step):
                rows = slice(first, first + step)
                score[rows] += paths.satisfied(features[rows]).all(axis=1) @ values
        return score

    def _leaves(self, output: int) -> Iterator[tuple[Paths, Array]]:
        """Yield the leaves that add to a raw score, and what they add, float64."""
        group, column = divmod(output, self.nodes.width)
        for paths in self.paths:
            values = self.nodes.values[paths.leaf, column]
            (used,) = np.nonzero((paths.group == group) & (values != 0))
            if len(used):
                yield paths.select(used), values[used] / np.float64(self.divisor)


def _effects(paths: Paths, values: Array, features: Array) -> Array:
    """Return the contributions of conditions [rows, conditions, leaves]."""
    satisfied = paths.satisfied(features)
    sums = np.zeros(satisfied.shape)
    # A path's polynomial is of a degree below the number of conditions.
    for node, weight in zip(*gauss(max(1, (len(paths.feature) + 1) // 2)), strict=True):
        absent = (1 - node) * paths.shares
        factors = np.where(satisfied, absent + node, absent)
        sums += weight * factors.prod(axis=1, keepdims=True) / factors
    effects: Array = sums * (satisfied - paths.shares) * values
    return effects


def _by_feature(paths: Paths, effects: Array, count: int) -> Array:
    """Return the sums [rows, features] of conditions' effects."""
    rows = len(effects)
    indices = np.arange(rows)[:, np.newaxis] * count + paths.feature.ravel()
    sums = np.bincount(indices.ravel(), effects.ravel(), minlength=rows * count)
    return sums.reshape(rows, count)
