"""Nodes and weights on a line from 0 to 1: even, or dense where a function bends.

A network of rectifiers is nearly straight between the points at which one of its units switches. An even rule finds
those points slowly; a rule whose panels end there is as good as that of a smooth function.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lightship.tensors import Array

_ORDER = 8  # nodes of one panel of an even rule
_REFINED = 2  # nodes of one panel of a refined rule: its panels are many and short
_DIGITS = 6  # the shortest panel is a millionth: nodes are float32


class Rule(NamedTuple):
    """Nodes and weights of a quadrature on [0, 1], float32 [steps]."""

    nodes: Array
    weights: Array


class Samples(NamedTuple):
    """A function on [0, 1] at some nodes, in order: float64 [nodes].

    The first node is 0 and the last one is 1.
    """

    nodes: Array
    values: Array
    slopes: Array

    def joined(self, others: Samples) -> Samples:
        """Return these samples and the others', without their ends."""
        both = np.concatenate([self, np.array(others)[:, 1:-1]], axis=1)
        return Samples(*both[:, np.argsort(both[0], kind="stable")])


@lru_cache
def even(steps: int) -> Rule:
    """Return a rule of equal panels with 8 nodes of Gauss and Legendre each.

    ``steps`` is a multiple of 8.
    """
    return _rule(np.linspace(0, 1, steps // _ORDER + 1), _ORDER)


def refined(samples: Samples, steps: int) -> Rule:
    """Return a rule with panels that end where the samples show bends.

    ``steps`` is a multiple of 4. Half of the panels are for the largest bends, the others divide the widest panels.
    """
    positions, gaps = _bends(samples)
    panels = steps // _REFINED
    largest = np.argsort(-gaps, kind="stable")[: panels // 2]
    edges = np.unique(np.round(np.append(positions[largest], (0, 1)), _DIGITS))
    while missing := panels + 1 - len(edges):
        widths = np.diff(edges)
        widest = np.argsort(-widths, kind="stable")[: min(missing, (len(widths) + 1) // 2)]
        edges = np.sort(np.append(edges, edges[widest] + widths[widest] / 2))
    return _rule(edges, _REFINED)


def _bends(samples: Samples) -> tuple[Array, Array]:
    """Return where the function bends between each two nodes, and by how much.

    It is where the tangents at the nodes meet, else the middle. The second array is the gap between the change of the
    function and the integral of its slope by the trapezoidal rule.
    """
    slopes = samples.slopes
    with np.errstate(all="ignore"):  # parallel tangents do not meet
        widths, rises, turns = np.diff(samples)
        gaps = np.abs(rises - widths * (slopes[:-1] + slopes[1:]) / 2)
        meeting = (widths * slopes[1:] - rises) / turns
    between = (meeting > 0) & (meeting < widths)
    return samples.nodes[:-1] + np.where(between, meeting, widths / 2), gaps


@lru_cache
def gauss(order: int) -> tuple[Array, Array]:
    """Return nodes and weights of Gauss and Legendre on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return (nodes + 1) / 2, weights / 2


def _rule(edges: Array, order: int) -> Rule:
    """Return nodes of Gauss and Legendre in each panel between two edges."""
    nodes, weights = gauss(order)
    widths = np.diff(edges)[:, np.newaxis]
    positions = edges[:-1, np.newaxis] + widths * nodes
    return Rule(positions.ravel().astype(np.float32), (widths * weights).ravel().astype(np.float32))
