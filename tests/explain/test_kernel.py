"""Shapley values of columns: axioms, brute force, shap."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lightship.explain import kernel
from lightship.tensors import Array
from tests.explain.games import random_game, shapley

RECORDED = Path(__file__).with_name("shap_values.json")  # written by shap_values.py


@pytest.mark.parametrize("count", [1, 2, 4, 6])
@pytest.mark.parametrize("seed", range(4))
def test_effects_of_few_columns_equal_brute_force(count: int, seed: int) -> None:
    game = random_game(seed, count)
    found = kernel.effects(game, np.ones(count, bool))
    assert found.method == "exact_shapley"
    assert found.error == 0
    assert found.evaluations == 2**count == kernel.cost(count)
    np.testing.assert_allclose(found.values, shapley(game, count), atol=1e-9)


def test_effects_without_columns_are_empty() -> None:
    found = kernel.effects(lambda present: np.full(len(present), 3.0), np.zeros(0, bool))
    assert (found.base, found.prediction, found.values.tolist()) == (3.0, 3.0, [])


@pytest.mark.parametrize("count", [4, 11, 12, 20, 60])
def test_effects_add_up_to_difference_from_base(count: int) -> None:
    game = random_game(count, count)
    found = kernel.effects(game, np.ones(count, bool))
    assert found.values.sum() == pytest.approx(found.prediction - found.base, abs=1e-6)
    lowest, highest = game(np.array([[False] * count, [True] * count]))
    assert (found.base, found.prediction) == (pytest.approx(lowest), pytest.approx(highest))


@pytest.mark.parametrize("count", [6, 14])
def test_effects_of_column_without_influence_are_zero(count: int) -> None:
    game = random_game(1, count - 1)
    found = kernel.effects(lambda present: game(present[:, :-1]), np.ones(count, bool))
    assert abs(found.values[-1]) <= 4 * found.error + 1e-9


@pytest.mark.parametrize("count", [6, 14])
def test_effects_of_equal_columns_are_equal(count: int) -> None:
    def game(present: Array) -> Array:
        return present.sum(axis=1) ** 2.0

    found = kernel.effects(game, np.ones(count, bool))
    np.testing.assert_allclose(found.values, found.values.mean(), atol=max(4 * found.error, 1e-9))


def test_effects_are_linear_in_function() -> None:
    one, other = random_game(1, 6), random_game(2, 6)
    every = np.ones(6, bool)
    both = kernel.effects(lambda present: 2 * one(present) - 3 * other(present), every).values
    parts = 2 * kernel.effects(one, every).values - 3 * kernel.effects(other, every).values
    np.testing.assert_allclose(both, parts, atol=1e-9)


def test_effects_of_columns_equal_to_baseline_are_zero_and_cost_nothing() -> None:
    game = random_game(3, 20)
    differs = np.zeros(20, bool)
    differs[[2, 7, 19]] = True
    found = kernel.effects(game, differs)
    assert found.evaluations == 8
    assert found.method == "exact_shapley"
    assert not found.values[~differs].any()
    assert found.values[differs].all()


@pytest.mark.parametrize("count", [12, 40, 200])
def test_sampled_effects_of_additive_function_are_exact(count: int) -> None:
    weights = np.random.default_rng(count).normal(size=count)
    found = kernel.effects(lambda present: present @ weights + 5.0, np.ones(count, bool))
    assert found.method == "kernel_shap"
    assert found.evaluations == kernel.cost(count)
    np.testing.assert_allclose(found.values, weights, atol=1e-9)
    assert found.error < 1e-9


def test_sampled_effects_deviate_by_about_standard_error() -> None:
    deviations = []
    for seed in range(12):
        game = random_game(seed, 12)
        rows = np.array(list(np.ndindex((2,) * 12)), bool)
        table = dict(zip(map(bytes, rows), game(rows), strict=True))
        exact = _exact(table, 12)
        found = kernel.effects(game, np.ones(12, bool))
        deviations.append(np.abs(found.values - exact).max() / found.error)
    assert 0.3 < np.mean(deviations) < 2.5
    assert max(deviations) < 5


def _exact(table: dict[bytes, float], count: int) -> Array:
    """Return Shapley values from the numbers of all coalitions."""
    from math import factorial

    found = np.zeros(count)
    for coalition, number in table.items():
        mask = np.frombuffer(coalition, bool)
        size = int(mask.sum())
        for index in np.nonzero(~mask)[0]:
            larger = mask.copy()
            larger[index] = True
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            found[index] += weight * (table[larger.tobytes()] - number)
    return found


def test_sampled_effects_are_same_each_time() -> None:
    game = random_game(0, 15)
    one, other = (kernel.effects(game, np.ones(15, bool)) for _ in range(2))
    assert np.array_equal(one.values, other.values)


@pytest.mark.parametrize("case", json.loads(RECORDED.read_text())["cases"], ids=lambda case: f"{case['columns']}")
def test_effects_agree_with_shap(case: dict[str, object]) -> None:
    count = int(str(case["columns"]))
    found = kernel.effects(random_game(int(str(case["seed"])), count), np.ones(count, bool))
    np.testing.assert_allclose(found.values, np.array(case["values"]), atol=max(6 * found.error, 1e-6))
