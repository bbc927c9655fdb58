"""Slices on LiteRT that add axes to tensors with unknown dimensions."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Outcomes


@pytest.mark.parametrize(
    "case",
    [
        "axis_between",
        "axes_in_front",
        "axis_behind_an_ellipsis",
        "axis_between_an_ellipsis_and_a_number",
        "axis_behind_a_slice_and_a_number",
        "axis_of_a_reversed_slice",
        "axis_of_truth_values",
    ],
)
def test_slice_with_new_axis_runs_on_litert_with_same_values(outcomes: Outcomes, case: str) -> None:
    outcome = outcomes[case]
    assert outcome["engine"] == "litert", outcome["reasons"]
    assert outcome["max_abs"] == 0.0
