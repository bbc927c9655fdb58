"""Occlusion: effects of features and of blocks of neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from lightship.explain import occlusion
from lightship.tensors import Array

MOST_BYTES = 8 * 1024**2


def test_effects_additive_model_returns_terms() -> None:
    terms = np.array([1.0, -2.0, 4.0, 0.5, 3.0])
    found = occlusion.effects(lambda present: present @ terms, np.arange(5) // 2)
    np.testing.assert_allclose(found.values, terms)
    assert (found.base, found.prediction, found.error) == (0, terms.sum(), 0)
    assert found.evaluations == occlusion.cost(np.arange(5) // 2) == 2 + 5 + 3


def test_effects_redundant_features_report_error() -> None:
    found = occlusion.effects(lambda present: present.any(axis=1).astype(float), np.zeros(2, int))
    assert found.values.tolist() == [0, 0]
    assert found.error == 1


def test_effects_no_features_returns_empty() -> None:
    found = occlusion.effects(lambda present: np.full(len(present), 2.0), np.zeros(0, int))
    assert not found.values.size
    assert (found.base, found.prediction, found.error) == (2, 2, 0)


def test_effects_many_features_evaluates_bounded_sets() -> None:
    count = 5000
    sizes: list[int] = []
    evaluated: list[int] = []

    def values(present: Array) -> Array:
        sizes.append(present.nbytes)
        evaluated.append(len(present))
        return present[:, 7].astype(float)

    found = occlusion.effects(values, np.arange(count) // 2)
    assert max(sizes) <= MOST_BYTES
    assert sum(evaluated) == found.evaluations == 2 + count + count // 2
    assert found.values.argmax() == 7
    assert found.values.sum() == pytest.approx(1)
