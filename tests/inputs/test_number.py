from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lightship import inputs
from lightship.errors import InvalidInput
from lightship.inputs.datafiles.layout import layout, tensors
from lightship.inputs.sampling import Sampler
from lightship.protocols.openapi import nested
from lightship.tensors import Signature, TensorSpec

PLAIN = TensorSpec("x", "float32", (None, 2))
GAPPED = replace(PLAIN, kind=inputs.configure(PLAIN, "number", {"missing": "nan"}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([[1, 2]], [[1, 2]]),
        ([[1, None]], [[1, np.nan]]),
        ([1, None], [[1, np.nan]]),
        ([[1, 2], [None, None]], [[1, 2], [np.nan, np.nan]]),
    ],
)
def test_decode_null_is_nan(value: Any, expected: Any) -> None:
    array = inputs.decode(value, GAPPED)
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("value", [[["a", None]], [[1, None], None], [[1, None], [1]], [[True, None]]], ids=str)
def test_decode_other_values_are_refused(value: Any) -> None:
    with pytest.raises(InvalidInput):
        inputs.decode(value, GAPPED)


def test_decode_null_of_plain_tensor_is_refused() -> None:
    with pytest.raises(InvalidInput, match="missing"):
        inputs.decode([[1, None]], PLAIN)


def test_check_values_refuses_infinity_only() -> None:
    kind = inputs.kind_of(GAPPED)
    assert kind.takes(np.array([[1, np.nan]], np.float32), GAPPED)
    assert not kind.takes(np.array([[np.inf, np.nan]], np.float32), GAPPED)
    assert not inputs.kind_of(PLAIN).takes(np.array([[1, np.nan]], np.float32), PLAIN)


@pytest.mark.parametrize("dtype", ["int32", "string", "bool"])
def test_configure_other_dtype_is_refused(dtype: str) -> None:
    with pytest.raises(InvalidInput, match=dtype):
        inputs.configure(replace(PLAIN, dtype=dtype), "number", {"missing": "nan"})


@pytest.mark.parametrize("options", [{}, {"missing": "error"}, {"missing": "nan", "mean": 1}], ids=str)
def test_configure_other_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="missing"):
        inputs.configure(PLAIN, "number", options)


def test_sample_has_gaps_after_first_rows() -> None:
    values = inputs.kind_of(GAPPED).sample(Sampler(np.random.default_rng(0), 1, 1), GAPPED, (64, 2))
    assert np.isfinite(values[:32]).all()
    assert np.isnan(values[32:]).any()


def test_schema_of_element_is_nullable() -> None:
    assert nested(GAPPED, (2,))["items"] == {"anyOf": [{"type": "number"}, {"type": "null"}]}
    assert nested(PLAIN, (2,))["items"] == {"type": "number"}


def test_tensors_of_row_without_optional_input_have_nan() -> None:
    city, age = TensorSpec("city", "string", (None,)), TensorSpec("age", "float64", (None,))
    made = layout(Signature("s", (city, replace(age, kind=GAPPED.kind)), ()), None, table=False)
    np.testing.assert_array_equal(tensors([{"city": "Bern"}], made, text=False)["age"], [np.nan])
    with pytest.raises(InvalidInput, match="'city'"):
        tensors([{"age": 1.0}], made, text=False)
