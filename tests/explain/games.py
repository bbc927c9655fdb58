"""Functions of coalitions, and their Shapley values by brute force."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np

from lightship.tensors import Array

Game = Callable[[Array], Array]


def shapley(game: Game, count: int) -> Array:
    """Return the mean gain of each player over all orders: the definition."""
    found, orders = np.zeros(count), list(permutations(range(count)))
    for order in orders:
        growing = np.array([np.isin(np.arange(count), order[:size]) for size in range(count + 1)])
        found[list(order)] += np.diff(game(growing))
    return found / len(orders)


def random_game(seed: int, count: int) -> Game:
    """Return a function with effects of single players, pairs and triples."""
    rng = np.random.default_rng(seed)
    single, pairs = rng.normal(size=count), rng.normal(size=(count, count))
    triples = rng.normal(size=(count, count, count))

    def game(present: Array) -> Array:
        z = present.astype(float)
        return z @ single + np.einsum("ni,nj,ij->n", z, z, pairs) + np.einsum("ni,nj,nk,ijk->n", z, z, z, triples)

    return game
