"""Sample of the zoo: each kind of rewrite once, in one child process."""

from __future__ import annotations

import pytest

from tests.zoo.groups import GROUPS
from tests.zoo.rows import Row
from tests.zoo.run import run

ON_LITERT = (
    "lstm_any_length",
    "bidirectional_tagger",
    "causal_decoder",
    "mixed_float16_cnn",
    "float64_physics",
    "int8_mlp",
    "integer_lookup_embedding",
    "class_number",
    "cnn3d_scan",
    "siamese_images",
    "stacked_lstm",
    "string_and_number_features",
    "unet_any_size",
    "hashed_strings",
)
ON_TENSORFLOW = {"monte_carlo_dropout": "StatelessRandomUniformV2"}


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {row.name: row for row in run(GROUPS["users"], [*ON_LITERT, *ON_TENSORFLOW])}


@pytest.mark.parametrize("name", ON_LITERT)
def test_user_model_compiles_to_litert_with_parity(rows: dict[str, Row], name: str) -> None:
    assert rows[name].engine == "litert", rows[name].reasons


@pytest.mark.parametrize("name", ON_TENSORFLOW)
def test_random_model_compiles_to_tensorflow_with_reason(rows: dict[str, Row], name: str) -> None:
    assert rows[name].engine == "tensorflow"
    assert ON_TENSORFLOW[name] in rows[name].reasons


def test_run_after_crashed_model_measures_next_model() -> None:
    ended, after = run(GROUPS["users"], ["no_such_model", "age_in_buckets"])
    assert ended.engine == "refused"
    assert "exit status 1" in ended.reasons[0]
    assert after.on_litert
