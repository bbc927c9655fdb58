from __future__ import annotations

import numpy as np
import pytest

from lightship.compiler.verification.parity import Agreement, Bounds, Output, compare, merge
from lightship.errors import ParityError
from lightship.tensors import Array


def check(expected: Array, actual: Array) -> Agreement:
    return compare(Output("serving_default", "y"), expected, actual)


def test_compare_rounding_difference_is_accepted_and_recorded() -> None:
    agreement = check(np.float32([[100.0], [1.0]]), np.float32([[100.001], [1.0]]))
    assert (agreement.rows, agreement.rtol, agreement.atol) == (2, 1e-3, 1e-2)
    assert agreement.max_abs == 1e-3
    assert agreement.max_rel == 1e-5


def test_compare_tolerance_follows_output_scale() -> None:
    tiny = np.float32([1e-6, 2e-6])
    check(tiny, tiny * np.float32(1.0001))
    with pytest.raises(ParityError):
        check(tiny, np.zeros_like(tiny))


@pytest.mark.parametrize(
    ("expected", "actual", "named"),
    [
        (np.float32([1.0]), np.float32([1.1]), r"0\.1 .*0\.0001 "),
        (np.float32([1.0, 2.0]), np.float32([np.nan, 2.0]), "1 of 2 .*NaN"),
        (np.float32([np.nan]), np.float32([1.0]), "1 of 1 .*NaN"),
        (np.float32([1.0]), np.float64([1.0]), r"float32 \[1\].*float64 \[1\]"),
        (np.float32([[1.0]]), np.float32([1.0]), r"float32 \[1, 1\].*float32 \[1\]"),
        (np.int32([1, 2]), np.int32([1, 3]), " 1 "),
        (np.array([True, False]), np.array([True, True]), "1 of 2 "),
        (np.array([b"a"], object), np.array([b"b"], object), "1 of 1 "),
        (np.int64([2**62]), np.int64([2**62 + 1]), " 1 "),
    ],
)
def test_compare_different_outputs_is_named(expected: Array, actual: Array, named: str) -> None:
    with pytest.raises(ParityError, match=f"'serving_default'.*'y'.*{named}"):
        check(expected, actual)


def test_compare_equal_nan_and_infinity_passes() -> None:
    odd = np.float32([np.nan, np.inf, -np.inf, 1.0])
    assert check(odd, odd.copy()).max_abs == 0.0


def test_merge_batches_returns_largest_difference() -> None:
    one = check(np.float32([1.0]), np.float32([1.00002]))
    two = check(np.float32([1.0, 1.0]), np.float32([1.0, 1.00004]))
    merged = merge([one, two])
    assert merged.rows == 3
    assert merged.max_abs == two.max_abs == 4e-5


def test_compare_uses_coarser_of_dtype_and_precision() -> None:
    expected, actual = np.float32([1.0, 0.5]), np.float32([1.01, 0.505])
    with pytest.raises(ParityError):
        check(expected, actual)
    assert compare(Output("serving_default", "y"), expected, actual, precision="float16").rtol == 1e-2
    with pytest.raises(ParityError):
        compare(Output("serving_default", "y"), np.int32([1]), np.int32([2]), precision="float16")
    with pytest.raises(ParityError):
        compare(Output("serving_default", "y"), expected * 0 + 1, expected * 0 + 1.1, precision="float16")


def test_compare_with_recorded_bounds_applies_bounds() -> None:
    agreement = compare(Output("serving_default", "y"), np.float32([1.0]), np.float32([1.3]), bounds=Bounds(0.1, 0.25))
    assert (agreement.rtol, agreement.atol) == (0.1, 0.25)
    with pytest.raises(ParityError):
        compare(Output("serving_default", "y"), np.float32([1.0]), np.float32([1.3]), bounds=Bounds(0.1, 0.15))
