"""Models with other precisions on LiteRT, which computes in float32."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Outcomes


@pytest.mark.parametrize(
    ("case", "dtype", "rtol"),
    [
        ("mixed_float16", "float16", 1e-2),
        ("mixed_bfloat16", "bfloat16", 8e-2),
        ("float64", "float64", 1e-3),
        ("attention_float16", "float16", 1e-2),
        ("attention_bfloat16", "bfloat16", 8e-2),
        ("half", "float16", 1e-2),
        ("double", "float64", 1e-3),
    ],
)
def test_recast_model_with_other_precision_runs_on_litert(
    outcomes: Outcomes, case: str, dtype: str, rtol: float
) -> None:
    outcome = outcomes[case]
    assert (outcome["engine"], outcome["rtol"]) == ("litert", rtol)
    assert outcome["rewrites"] == [f"{dtype} computed in float32"]


@pytest.mark.parametrize("case", ["overflow", "bits"])
def test_recast_model_depending_on_precision_is_unchanged(outcomes: Outcomes, case: str) -> None:
    assert outcomes[case]["engine"] == "tensorflow"


def test_recast_sequence_with_second_rewrite_of_nodes_of_equal_name_runs_on_litert(
    outcomes: Outcomes,
) -> None:
    outcome = outcomes["sequence_bfloat16"]
    assert outcome["engine"] == "litert", outcome
    assert outcome["rewrites"] == ["bfloat16 computed in float32", "known sizes became constants in reshapes"]
