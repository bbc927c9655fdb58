from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightship import inputs
from lightship.errors import InvalidInput
from lightship.inputs.sampling import Sampler
from lightship.inputs.tabular.gapped import GappedTabular
from lightship.inputs.tabular.typed import TypedTabular
from tests.inputs.tabular.customers import typed

INCOME = {"name": "income", "type": "number", "missing": "nan"}
GAPPED = typed(["age", INCOME, {"name": "height", "missing": "nan"}], width=3)
TYPED = typed(["age", INCOME, {"name": "smoker", "type": "boolean"}], width=3)
GAP = [[1, np.nan, 2]]


@pytest.mark.parametrize(
    "value",
    [
        [[1, None, 2]],
        {"age": 1, "income": None, "height": 2},
        {"age": 1, "height": 2},
        {"age": [1], "height": [2]},
        {"age": [1], "income": [None], "height": [2]},
        [{"age": 1, "height": 2}],
    ],
    ids=str,
)
def test_decode_gap_is_nan(value: Any) -> None:
    np.testing.assert_array_equal(inputs.decode(value, GAPPED), GAP)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ([[None, 1, 2]], "'age'"),
        ({"income": 1}, "'age'"),
        ({"age": None, "income": 1}, "'age'"),
        ([{"age": 1}, {"age": None}], "row 2, column 'age'"),
        ({"age": 1, "shoe": 2}, "'shoe'"),
        ({}, "'"),
        ({"age": [1, 2], "income": [None]}, "column 'income'"),
        ({"age": 1, "income": "a"}, "a string"),
    ],
    ids=str,
)
def test_decode_other_gap_is_refused(value: Any, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        inputs.decode(value, GAPPED)


def test_numbers_with_gaps_only_are_read_like_plain_numbers() -> None:
    assert isinstance(inputs.kind_of(GAPPED), GappedTabular)
    assert inputs.kind_of(GAPPED).direct
    assert isinstance(inputs.kind_of(TYPED), TypedTabular)


@pytest.mark.parametrize(
    "value", [{"age": 1, "smoker": True}, [[1, None, 1]], [{"age": 1, "income": None, "smoker": 1}]]
)
def test_decode_gap_in_typed_table_is_nan(value: Any) -> None:
    np.testing.assert_array_equal(inputs.decode(value, TYPED), [[1, np.nan, 1]])


def test_check_values_names_column() -> None:
    for spec in (GAPPED, TYPED):
        kind = inputs.kind_of(spec)
        kind.check_values(np.array(GAP, np.float32), spec)
        for row, named in (([np.nan, 1, 1], "'age'"), ([1, np.inf, 1], "'income'")):
            with pytest.raises(InvalidInput, match=named):
                kind.check_values(np.array([row], np.float32), spec)


@pytest.mark.parametrize("dtype", ["int32", "uint8"])
def test_policy_nan_of_integers_is_refused(dtype: str) -> None:
    with pytest.raises(InvalidInput, match=f"'income'.*{dtype}"):
        typed(["age", INCOME], width=2, dtype=dtype)


def test_schemas_are_nullable_in_gapped_columns() -> None:
    (schema,) = inputs.kind_of(GAPPED).schemas(GAPPED)
    assert schema["required"] == ["age"]
    assert schema["properties"]["age"] == {"type": "number"}
    assert {"type": "null"} in schema["properties"]["income"]["anyOf"]


def test_sample_has_gaps_in_gapped_columns() -> None:
    for spec in (GAPPED, TYPED):
        values = inputs.kind_of(spec).sample(Sampler(np.random.default_rng(0), 1, 1), spec, (64, 3))
        assert np.isnan(values).any(axis=0).tolist() == [False, True, spec is GAPPED]
