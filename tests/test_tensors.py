from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from lightship.errors import InvalidInput
from lightship.tensors import Signature, TensorSpec, check_finite, to_array, validate

FLOATS = TensorSpec("x", "float32", (None, 3))
INTS = TensorSpec("n", "int8", (None, 2))
UNSIGNED = TensorSpec("u", "uint64", (None, 1))
FLAGS = TensorSpec("f", "bool", (None, 2))
WORDS = TensorSpec("w", "string", (None, 2))
SCALARS = TensorSpec("s", "float64", (None,))
FIXED = TensorSpec("i", "float32", (1, 2))


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


@pytest.mark.parametrize(
    ("spec", "value", "expected"),
    [
        (FLOATS, [[1, 2.5, 3]], [[1, 2.5, 3]]),
        (FLOATS, [1, 2, 3], [[1, 2, 3]]),
        (FLOATS, b64(np.float32([1, 2, 3]).tobytes()), [[1, 2, 3]]),
        (INTS, [[127, -128]], [[127, -128]]),
        (UNSIGNED, [[2**63]], [[2**63]]),
        (FLAGS, [True, False], [[True, False]]),
        (WORDS, [["é", {"b64": "/w=="}]], [["é".encode(), b"\xff"]]),
        (WORDS, ["a", "b"], [[b"a", b"b"]]),
        (SCALARS, 1.5, [1.5]),
        (SCALARS, [1.5, 2], [1.5, 2]),
        (FIXED, [[1, 2]], [[1, 2]]),
    ],
)
def test_values_become_rows_of_the_specs_dtype(spec: TensorSpec, value: Any, expected: Any) -> None:
    array = to_array(value, spec)
    validate(array, spec)
    assert array.dtype == spec.numpy
    assert array.tolist() == expected


@pytest.mark.parametrize(
    ("spec", "value", "sentence"),
    [
        (FLOATS, [], "input 'x' is empty: send at least one row of shape [3]"),
        (FLOATS, [[]], "input 'x' is empty"),
        (FLOATS, [[1, 2, 3], [1, 2]], "input 'x' is ragged: every row must have shape [3]"),
        (FLOATS, [1, 2], "input 'x' must have shape [any, 3], got [1, 2]"),
        (FLOATS, [[[1, 2, 3]]], "input 'x' must have shape [any, 3], got [1, 1, 3]"),
        (FLOATS, ["1", 2, 3], "input 'x' must hold numbers (float32 [any, 3]), got a string: '1'"),
        (FLOATS, [None, 2, 3], "input 'x' must hold numbers (float32 [any, 3]), got null"),
        (FLOATS, [True, True, True], "input 'x' must hold numbers (float32 [any, 3]), got a boolean"),
        (FLOATS, [1, True, 3], "input 'x' must hold numbers (float32 [any, 3]), got a boolean: true"),
        (FLOATS, [[["x" * 400_000, *[1] * 100_000]]], "must hold numbers (float32 [any, 3]), got a string"),
        (INTS, [[2**63, -1]], "holds an integer outside int8's range"),
        (FLOATS, [1e39, 2, 3], "input 'x' holds a number beyond float32"),
        (FLOATS, [float("nan"), 2, 3], "input 'x' holds NaN"),
        (FLOATS, b64(b"abc"), "must be whole rows of little-endian float32 [3], got 3 bytes"),
        (FLOATS, b64(np.float32([1, np.inf, 3]).tobytes()), "input 'x' holds NaN, Infinity"),
        (FLOATS, {"b64": "*"}, "holds text that is not base64"),
        (FLOATS, {"b65": ""}, "holds an object that is not"),
        (INTS, [1.0, 2.0], "input 'n' must hold integers (int8 [any, 2]), got a number: '1.0'"),
        (INTS, [128, 0], "holds an integer outside int8's range -128..127"),
        (INTS, [[10**30, 0]], "got an integer of 31 digits"),
        (UNSIGNED, [[-1]], "outside uint64's range"),
        (FLAGS, [0, 1], "must hold true or false (bool [any, 2]), got an integer"),
        (WORDS, [["a"], ["b", "c"]], "input 'w' is ragged"),
        (WORDS, [[1, 2]], "must hold strings (string [any, 2]), got an integer"),
        (FIXED, [[1, 2], [3, 4]], "must have shape [1, 2], got [2, 2]"),
    ],
)
def test_a_wrong_value_gets_one_sentence(spec: TensorSpec, value: Any, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        array = to_array(value, spec)
        validate(array, spec)
        check_finite(array, spec)
    assert sentence in refused.value.message


@pytest.mark.parametrize("spec", [FLOATS, WORDS, INTS], ids=str)
@pytest.mark.parametrize("depth", [40, 70, 1000])
def test_deep_nesting_is_refused_and_not_recursed_into(spec: TensorSpec, depth: int) -> None:
    value: Any = 1 if spec is not WORDS else "a"
    for _ in range(depth):
        value = [value]
    with pytest.raises(InvalidInput):
        validate(to_array(value, spec), spec)
    with pytest.raises(InvalidInput):
        validate(to_array([1, value], spec), spec)


def test_a_signature_survives_the_manifest() -> None:
    spec = TensorSpec("y", "float32", (None, 2), {"type": "tabular", "columns": ["a", "b"]}, ("no", "yes"), True)
    signature = Signature("serve", (FLOATS,), (spec,))
    assert Signature.from_json(signature.to_json()) == signature


@pytest.mark.parametrize(
    "record", [{"name": "x", "dtype": "complex64", "shape": []}, {"name": "x", "dtype": "int8", "shape": [-1]}]
)
def test_a_tensor_that_cannot_be_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no tensor has dtype"):
        TensorSpec.from_json(record)
