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
def test_to_array_returns_rows_of_dtype(spec: TensorSpec, value: Any, expected: Any) -> None:
    array = to_array(value, spec)
    validate({spec.name: array}, [spec])
    assert array.dtype == spec.numpy
    assert array.tolist() == expected


@pytest.mark.parametrize(
    ("spec", "value", "named"),
    [
        (FLOATS, [], "'x'.*empty"),
        (FLOATS, [[]], "'x'.*empty"),
        (FLOATS, [[1, 2, 3], [1, 2]], r"'x'.*ragged.*\[3\]"),
        (FLOATS, [1, 2], r"'x'.*\[any, 3\].*\[1, 2\]"),
        (FLOATS, [[[1, 2, 3]]], r"'x'.*\[any, 3\].*\[1, 1, 3\]"),
        (FLOATS, ["1", 2, 3], r"'x'.*numbers.*float32 \[any, 3\].*string.*'1'"),
        (FLOATS, [None, 2, 3], "'x'.*missing"),
        (FLOATS, [True, True, True], "'x'.*numbers.*boolean"),
        (FLOATS, [1, True, 3], "'x'.*numbers.*true"),
        (FLOATS, [[["x" * 400_000, *[1] * 100_000]]], "'x'.*numbers.*string"),
        (INTS, [[2**63, -1]], "'n'.*int8"),
        (FLOATS, [1e39, 2, 3], "'x'.*float32"),
        (FLOATS, [float("nan"), 2, 3], "'x'.*NaN"),
        (FLOATS, b64(b"abc"), r"'x'.*float32 \[3\].* 3 bytes"),
        (FLOATS, b64(np.float32([1, np.inf, 3]).tobytes()), "'x'.*Infinity"),
        (FLOATS, {"b64": "*"}, "'x'.*base64"),
        (FLOATS, {"b65": ""}, "'x'.*object"),
        (INTS, [1.0, 2.0], r"'n'.*integers.*int8 \[any, 2\].*'1.0'"),
        (INTS, [128, 0], r"'n'.*int8.*-128\.\.127"),
        (INTS, [[10**30, 0]], "'n'.* 31 digits"),
        (UNSIGNED, [[-1]], "uint64"),
        (FLAGS, [0, 1], r"bool \[any, 2\].*integer"),
        (WORDS, [["a"], ["b", "c"]], "'w'.*ragged"),
        (WORDS, [[1, 2]], r"'w'.*string \[any, 2\].*integer"),
        (FIXED, [[1, 2], [3, 4]], r"\[1, 2\].*\[2, 2\]"),
    ],
)
def test_to_array_wrong_value_is_named(spec: TensorSpec, value: Any, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        array = to_array(value, spec)
        validate({spec.name: array}, [spec])
        check_finite(array, spec)


@pytest.mark.parametrize("spec", [FLOATS, WORDS, INTS], ids=str)
@pytest.mark.parametrize("depth", [40, 70, 1000])
def test_to_array_deep_nesting_is_refused(spec: TensorSpec, depth: int) -> None:
    value: Any = 1 if spec is not WORDS else "a"
    for _ in range(depth):
        value = [value]
    with pytest.raises(InvalidInput):
        validate({spec.name: to_array(value, spec)}, [spec])
    with pytest.raises(InvalidInput):
        validate({spec.name: to_array([1, value], spec)}, [spec])


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a"]),
        np.array([b"a"]),
        np.array(["a"], object),
        np.array([b"a", None], object),
        np.array([1.5], object),
    ],
    ids=lambda array: f"{array.dtype}{array.tolist()}",
)
def test_validate_text_without_bytes_is_refused(array: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match=r"'t'.*bytes"):
        validate({"t": array}, [TensorSpec("t", "string", (None,))])


def test_signature_round_trips() -> None:
    spec = TensorSpec("y", "float32", (None, 2), {"type": "tabular", "columns": ["a", "b"]}, ("no", "yes"), True)
    signature = Signature("serve", (FLOATS,), (spec,))
    assert Signature.from_json(signature.to_json()) == signature


@pytest.mark.parametrize(
    "record", [{"name": "x", "dtype": "complex64", "shape": []}, {"name": "x", "dtype": "int8", "shape": [-1]}]
)
def test_tensor_spec_invalid_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=record["dtype"]):
        TensorSpec.from_json(record)


NAMED = TensorSpec("x", "float32", (None, 2), {"type": "tabular", "columns": ["a", "b"]})


@pytest.mark.parametrize(
    ("spec", "value", "place"),
    [
        (TensorSpec("x", "float32", (None, 2)), [[1, 2], [3, 4], [5, "a"]], ("x", 2, "")),
        (TensorSpec("x", "float32", (None, 2)), [[1, 2], [3, None]], ("x", 1, "")),
        (TensorSpec("x", "float32", (None, 2)), [[1, 2], [3, 1e39]], ("x", 1, "")),
        (TensorSpec("x", "float32", (None, 2)), [[1, 2], [3, 10**400]], ("x", 1, "")),
        (TensorSpec("x", "float32", (None, 2)), [1, "a"], ("x", None, "")),
        (TensorSpec("x", "float32", (None, 2, 2)), [[[1, 2], [3, 4]], [[5, 6], [7, True]]], ("x", 1, "")),
        (TensorSpec("x", "float32", (None, 2, 2)), [[1, 2], [3, True]], ("x", None, "")),
        (TensorSpec("x", "float32", (2,)), [1, "a"], ("x", None, "")),
        (TensorSpec("x", "int8", (None,)), [1, 2, 300], ("x", 2, "")),
        (TensorSpec("x", "int8", (None,)), [1, 2, 1.5], ("x", 2, "")),
        (TensorSpec("x", "bool", (None,)), [True, 1], ("x", 1, "")),
        (TensorSpec("x", "string", (None,)), ["a", {"b64": "?"}], ("x", 1, "")),
        (TensorSpec("x", "string", (None, 2)), [["a", "b"], ["c", 5]], ("x", 1, "")),
        (TensorSpec("x", "string", (None, 1)), ["a", None], ("x", 1, "")),
        (TensorSpec("x", "string", (None, 1)), ["a", 3], ("x", 1, "")),
        (TensorSpec("x", "float32", (None, 1)), [1, "a"], ("x", 1, "")),
        (NAMED, [[1, 2], {"b": 3}], ("x", 1, "")),
        (NAMED, [[1, 2], None], ("x", 1, "")),
        (NAMED, [[1, 2], ["a", 4]], ("", 1, "a")),
        (NAMED, [1, "a"], ("", None, "b")),
    ],
    ids=repr,
)
def test_refused_value_names_row_and_column(spec: TensorSpec, value: Any, place: tuple[str, int | None, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        to_array(value, spec)
    error = refused.value
    assert (error.input, error.row, error.column) == place


def test_infinity_names_row_and_column() -> None:
    with pytest.raises(InvalidInput, match="row 2, column 'b': "):
        check_finite(np.array([[1, 2], [3, np.inf]], np.float32), NAMED)


@pytest.mark.parametrize(("dtype", "value"), [("string", ["a", "b"]), ("float32", [1.0, 2.0]), ("int64", [1, 2])])
def test_to_array_list_for_rows_of_one_element_is_rows(dtype: str, value: list[Any]) -> None:
    spec = TensorSpec("x", dtype, (None, 1))
    assert to_array(value, spec).shape == (2, 1)
    assert to_array(value[:1], spec).shape == (1, 1)


@pytest.mark.parametrize(
    "record",
    [
        {"dtype": "int32", "names": {"file": "a.txt", "count": 0}},
        {"dtype": "int32", "names": {"file": "a.txt", "count": 10**30}},
        {"dtype": "float32", "names": {"file": "a.txt", "count": 2}},
        {"dtype": "int32", "names": {"file": "a.txt", "count": 2}, "classes": ["a", "b"]},
        {"dtype": "float32", "boxes": {"input": "image"}},
        {"dtype": "float32", "shape": [None, 3, 6], "boxes": {"input": "image"}},
        {"dtype": "float32", "shape": [None, 3, 5], "boxes": {"input": "image", "points": ["nose"]}},
        {"dtype": "int32", "shape": [None, 3, 5], "boxes": {"input": "image"}},
    ],
    ids=str,
)
def test_tensor_spec_with_other_names_or_boxes_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"names|boxes"):
        TensorSpec.from_json({"name": "y", "shape": [None, 3], **record})
