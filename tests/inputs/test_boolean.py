"""The kind boolean: one number per row, sent as true or false."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lightship import inputs
from lightship.errors import InvalidInput
from lightship.formats.base import Header
from lightship.inputs import tables
from lightship.inputs.datafiles.layout import layout, tensors
from lightship.inputs.frames import from_rows
from lightship.inputs.sampling import Sampler
from lightship.protocols.openapi import nested
from lightship.tensors import Signature, TensorSpec

PLAIN = TensorSpec("garden", "float64", (None,))
BOOLEAN = replace(PLAIN, kind=inputs.configure(PLAIN, "boolean", {}))
GAPPED = replace(PLAIN, kind=inputs.configure(PLAIN, "boolean", {"missing": "nan"}))
COLUMN = replace(BOOLEAN, dtype="int32", shape=(None, 1))
AGE = TensorSpec("age", "float64", (None,))


def signature(spec: TensorSpec) -> Signature:
    return Signature("predict", (AGE, spec), (TensorSpec("y", "float32", (None,)),))


@pytest.mark.parametrize("value", [[True, False], [1, 0], [1.0, 0.0]], ids=str)
def test_decode_booleans_are_numbers(value: Any) -> None:
    array = inputs.decode(value, BOOLEAN)
    assert array.dtype == np.float64
    assert array.tolist() == [1.0, 0.0]


def test_decode_of_one_row_or_column_has_shape_of_tensor() -> None:
    assert inputs.decode(True, BOOLEAN).tolist() == [1.0]
    assert inputs.decode([[True], [False]], COLUMN).tolist() == [[1], [0]]
    assert inputs.decode([True, False], COLUMN).tolist() == [[1], [0]]


@pytest.mark.parametrize("value", [[True, 2], [True, "yes"], [False, None], [False, [True]]], ids=str)
def test_decode_other_value_names_input_and_row(value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        inputs.decode(value, BOOLEAN)
    assert (refused.value.input, refused.value.row) == ("garden", 1)


def test_decode_missing_boolean_is_nan() -> None:
    np.testing.assert_array_equal(inputs.decode([True, None], GAPPED), [1, np.nan])
    found = from_rows([{"age": 1, "garden": True}, {"age": 2}], signature(GAPPED), "input")
    np.testing.assert_array_equal(found["garden"], [1, np.nan])


def test_csv_of_pandas_is_read() -> None:
    found = tables.from_csv(b"garden,age\nTrue,1\nFalse,2\n1,3\n", signature(BOOLEAN), {})
    assert found["garden"].tolist() == [1.0, 0.0, 1.0]
    gapped = tables.from_csv(b"garden,age\nTrue,1\n,2\n", signature(GAPPED), {})
    np.testing.assert_array_equal(gapped["garden"], [1.0, np.nan])


def test_rows_of_jobs_are_read() -> None:
    table = layout(signature(BOOLEAN), Header(("garden", "age")), table=True)
    assert tensors([["True", "1"]], table, text=True)["garden"].tolist() == [1.0]
    lines = layout(signature(BOOLEAN), None, table=False)
    assert tensors([{"age": 1, "garden": True}], lines, text=False)["garden"].tolist() == [1.0]


def test_samples_and_examples_are_booleans() -> None:
    kind = inputs.kind_of(GAPPED)
    values = kind.sample(Sampler(np.random.default_rng(1), 1, 1), GAPPED, (400,))
    assert set(values[~np.isnan(values)].tolist()) == {0.0, 1.0}
    assert np.isnan(values).any()
    assert kind.encode(np.array(1.0), GAPPED) is True


@pytest.mark.parametrize("spec", [replace(PLAIN, shape=(None, 2)), replace(PLAIN, dtype="string")], ids=str)
def test_configure_other_tensor_is_refused(spec: TensorSpec) -> None:
    with pytest.raises(InvalidInput, match="boolean"):
        inputs.configure(spec, "boolean", {})


@pytest.mark.parametrize("options", [{"missing": "error"}, {"mean": 1}], ids=str)
def test_configure_other_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="missing: nan"):
        inputs.configure(PLAIN, "boolean", options)


def test_schema_of_element_is_zero_one_or_boolean() -> None:
    for spec in (BOOLEAN, COLUMN):
        assert nested(spec, ())["enum"] == [True, False, 0, 1]
    assert nested(GAPPED, (None,))["items"] == {"anyOf": [nested(BOOLEAN, ()), {"type": "null"}]}
