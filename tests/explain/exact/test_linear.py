"""Linear models: coefficients beside shap."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lightship.compiler.sources.additive import Coefficients
from lightship.compiler.sources.sklearn.translate import translate
from lightship.explain.exact.linear import Linear
from lightship.tensors import Array
from tests.explain.exact.shap_models import COUNT, LINEAR

SHAP = json.loads(Path(__file__).with_name("shap_values.json").read_text())["models"]


@pytest.mark.parametrize("name", LINEAR)
def test_effects_fitted_model_agree_with_shap(name: str) -> None:
    make, rows = LINEAR[name]
    additive = translate(make()).additive
    assert isinstance(additive, Coefficients)
    model = Linear(additive.weights, additive.intercept, rows.mean(axis=0))
    expected = np.array(SHAP[name]["values"])
    scores = model.scores(rows[:COUNT])
    for output in range(model.outputs):
        base, effects = model.effects(rows[:COUNT], output)
        assert base == pytest.approx(SHAP[name]["base"][output], rel=1e-5)
        assert effects == pytest.approx(expected[:, :, output], rel=1e-5, abs=1e-6)
        assert base + effects.sum(axis=1) == pytest.approx(scores[:, output])


@pytest.mark.parametrize(
    ("coefficients", "mean"),
    [(np.ones((2, 1)), np.ones(3)), (np.ones((2, 2)), np.ones(2)), (np.full((2, 1), np.nan), np.ones(2))],
)
def test_check_other_shapes_or_nan_raises_value_error(coefficients: Array, mean: Array) -> None:
    with pytest.raises(ValueError, match="coefficient"):
        Linear(coefficients, np.zeros(1), mean).check()
