"""Nodes and weights of integrals along a line."""

from __future__ import annotations

import numpy as np
import pytest

from lightship.explain.quadrature import Rule, Samples, even, refined
from lightship.tensors import Array


def bent(positions: Array) -> tuple[Array, Array]:
    """Return a function with bends at 0.3 and 0.61, and its slope."""
    values = np.maximum(positions - 0.3, 0) - 2 * np.maximum(positions - 0.61, 0)
    return values, (positions > 0.3) - 2.0 * (positions > 0.61)


def integral(rule: Rule, values: Array) -> float:
    return float(rule.weights.astype(float) @ values)


def samples(nodes: Array) -> Samples:
    positions = np.concatenate([[0.0], nodes, [1.0]])
    return Samples(positions, *bent(positions))


@pytest.mark.parametrize("steps", [32, 512])
def test_even_integrates_polynomials(steps: int) -> None:
    nodes, weights = even(steps)
    assert nodes.shape == weights.shape == (steps,)
    for power in (0, 1, 7):
        assert integral(even(steps), nodes.astype(float) ** power) == pytest.approx(1 / (power + 1), rel=1e-5)


@pytest.mark.parametrize("steps", [64, 256])
def test_refined_integrates_slope_of_bent_function(steps: int) -> None:
    rule = refined(samples(even(32).nodes), steps)
    assert rule.nodes.shape == rule.weights.shape == (steps,)
    assert (np.diff(rule.nodes) > 0).all()
    assert (rule.weights > 0).all()
    assert abs(integral(rule, bent(rule.nodes)[1]) - bent(np.array(1.0))[0]) < 1e-5
    assert abs(integral(even(steps), bent(even(steps).nodes)[1]) - bent(np.array(1.0))[0]) > 1e-4


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_refined_of_any_samples_has_all_nodes(value: float) -> None:
    nodes = np.linspace(0, 1, 34)
    rule = refined(Samples(nodes, np.full(34, value), np.full(34, value)), 64)
    assert rule.nodes.shape == (64,)
    assert rule.weights.sum() == pytest.approx(1, rel=1e-5)


def test_joined_samples_are_in_order() -> None:
    joined = samples(even(32).nodes).joined(samples(even(64).nodes))
    assert len(joined.nodes) == 34 + 64
    assert (np.diff(joined.nodes) >= 0).all()
    np.testing.assert_array_equal(joined.values, bent(joined.nodes)[0])
