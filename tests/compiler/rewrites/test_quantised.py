"""Keras models quantised by ``model.quantize``."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Outcomes

INTEGERS = "sums of integers became sums of float32"


@pytest.mark.parametrize(
    ("case", "rewrites"),
    [
        ("int8_embedding", []),
        ("int8_einsum", [INTEGERS]),
        ("int8_dense", [INTEGERS]),
        ("int4_dense", []),
    ],
)
def test_compile_quantised_layers_run_on_litert(outcomes: Outcomes, case: str, rewrites: list[str]) -> None:
    assert (outcomes[case]["engine"], outcomes[case]["rewrites"]) == ("litert", rewrites)


def test_compile_float8_layers_run_on_tensorflow_because_of_cast(outcomes: Outcomes) -> None:
    assert (outcomes["float8_dense"]["engine"], outcomes["float8_dense"]["reasons"]) == ("tensorflow", ["Cast"])
