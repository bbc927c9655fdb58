"""Models with preprocessing layers compile to LiteRT and equal the original."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Outcomes
from tests.compiler.lifting.chosen import FUNCTIONS, KEPT, keras_names

CASES = (*keras_names(), *FUNCTIONS)


@pytest.mark.parametrize("case", CASES)
def test_lift_model_with_preprocessing_runs_on_litert(outcomes: Outcomes, case: str) -> None:
    assert outcomes[case]["engine"] == "litert", outcomes[case]["reasons"]


@pytest.mark.parametrize("case", CASES)
def test_lift_model_on_adversarial_texts_equals_original(outcomes: Outcomes, case: str) -> None:
    differences = outcomes[case]["differences"]
    assert differences
    assert {name: apart for name, apart in differences.items() if apart > 1e-5} == {}


@pytest.mark.parametrize(("case", "operator"), FUNCTIONS.items())
def test_lift_operators_are_named_in_rewrites(outcomes: Outcomes, case: str, operator: str) -> None:
    first = outcomes[case]["rewrites"][0]
    assert operator in first.partition(": ")[2].split(", ")


@pytest.mark.parametrize(("case", "reason"), KEPT.items())
def test_lift_unsupported_operator_is_reason_for_tensorflow(outcomes: Outcomes, case: str, reason: str) -> None:
    assert (outcomes[case]["engine"], outcomes[case]["reasons"]) == ("tensorflow", [reason])


@pytest.mark.parametrize("case", ["keras3 vectors", "two splits"])
def test_lift_padding_to_longest_row_makes_rows_dependent(outcomes: Outcomes, case: str) -> None:
    assert outcomes[case]["independent"] is False


@pytest.mark.parametrize("case", ["keras2 classifier", "keras3 hashes", "code points"])
def test_lift_fixed_sizes_keep_rows_independent(outcomes: Outcomes, case: str) -> None:
    assert outcomes[case]["independent"] is True
