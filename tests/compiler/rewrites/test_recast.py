"""Models of other precisions on LiteRT, which computes in float32."""

from __future__ import annotations

import pytest

from tests.compiler.rewrites.conftest import Outcomes


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
def test_recast_model_of_another_precision_runs_on_litert(
    outcomes: Outcomes, case: str, dtype: str, rtol: float
) -> None:
    outcome = outcomes[case]
    assert (outcome["engine"], outcome["rtol"]) == ("litert", rtol)
    assert outcome["rewrites"] == [f"{dtype} computed in float32"]


@pytest.mark.parametrize("case", ["overflow", "bits"])
def test_recast_model_that_depends_on_its_precision_stays_as_it_is(outcomes: Outcomes, case: str) -> None:
    assert outcomes[case]["engine"] == "tensorflow"


def test_recast_sequence_runs_where_another_rewrite_replaces_a_node_beside_others_of_its_name(
    outcomes: Outcomes,
) -> None:
    outcome = outcomes["sequence_bfloat16"]
    assert outcome["engine"] == "litert", outcome
    assert outcome["rewrites"] == ["bfloat16 computed in float32", "known sizes became constants in reshapes"]
