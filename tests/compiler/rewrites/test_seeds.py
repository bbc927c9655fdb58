"""Variables without effect on outputs do not make a model stateful."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Outcomes


@pytest.mark.parametrize(
    "case", ["dropout_lstm", "dropout_bidirectional", "dropout_unrolled", "dropout_exported", "counted"]
)
def test_compile_variable_unused_by_outputs_runs_on_litert_without_state(outcomes: Outcomes, case: str) -> None:
    assert (outcomes[case]["engine"], outcomes[case]["stateful"]) == ("litert", False)


@pytest.mark.parametrize(
    ("case", "engine", "operator", "effect"),
    [
        ("monte_carlo", "tensorflow", "StatelessRandomUniformV2", "same"),
        ("noisy", "tensorflow", "StatelessRandomNormalV2", "same"),
        ("uniform", "litert", "RandomUniform", "different"),
    ],
)
def test_compile_random_outputs_warns_with_operator_and_repeatability(
    outcomes: Outcomes, case: str, engine: str, operator: str, effect: str
) -> None:
    assert outcomes[case]["engine"] == engine
    assert any(f"({operator})" in warning and effect in warning for warning in outcomes[case]["warnings"])


@pytest.mark.parametrize("case", ["dropout_lstm", "dropout_bidirectional", "dropout_exported"])
def test_compile_seed_unused_by_outputs_does_not_warn(outcomes: Outcomes, case: str) -> None:
    assert outcomes[case]["warnings"] == []
