"""Variables that change in vain keep no model from LiteRT, from batches or from the response cache."""

from __future__ import annotations

import pytest

from tests.compiler.rewrites.conftest import Outcomes


@pytest.mark.parametrize(
    "case", ["dropout_lstm", "dropout_bidirectional", "dropout_unrolled", "dropout_exported", "counted"]
)
def test_compile_variable_that_no_output_reads_runs_on_litert_without_state(outcomes: Outcomes, case: str) -> None:
    assert (outcomes[case]["engine"], outcomes[case]["stateful"]) == ("litert", False)


def test_compile_random_outputs_warns_with_the_operator(outcomes: Outcomes) -> None:
    assert outcomes["monte_carlo"]["engine"] == "tensorflow"
    assert any("StatelessRandomUniformV2" in warning for warning in outcomes["monte_carlo"]["warnings"])


def test_compile_seed_that_no_output_reads_does_not_warn(outcomes: Outcomes) -> None:
    assert outcomes["dropout_lstm"]["warnings"] == []
