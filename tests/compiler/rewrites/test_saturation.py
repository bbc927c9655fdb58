"""Softplus of large values on LiteRT."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Outcomes
from tests.compiler.rewrites.saturation_cases import CASES


@pytest.mark.parametrize("case", CASES)
def test_saturation_softplus_of_large_values_runs_on_litert(outcomes: Outcomes, case: str) -> None:
    outcome = outcomes[case]
    assert outcome["engine"] == "litert"
    assert outcome["atol"] > 1e-4 * 90  # relative to the largest value, which is beyond the limit
    assert outcome["max_abs"] <= outcome["atol"]
