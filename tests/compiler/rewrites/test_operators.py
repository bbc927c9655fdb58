"""Operators that LiteRT lacks; the compile compares each case with TensorFlow."""

from __future__ import annotations

import pytest

from tests.compiler.conftest import Outcomes

RESIZING = "resizing became matrix multiplications"
POOLING = "pooling of volumes became pooling of images"
MATHEMATICS = "mathematical functions became approximations"
BITWISE = "operations on bits became arithmetic"
AXIS = "operators along an axis became slices"
NO_NAN = "quotients that are zero for zero became choices"
INTEGERS = "sums of integers became sums of float32"


@pytest.mark.parametrize(
    ("case", "rewrite"),
    [
        ("resize_bicubic", RESIZING),
        ("resize_lanczos3", RESIZING),
        ("resize_area", RESIZING),
        ("shrink_bilinear", RESIZING),
        ("shrink_lanczos5", RESIZING),
        ("shrink_mitchellcubic", RESIZING),
        ("legacy_bicubic", RESIZING),
        ("max_pool", POOLING),
        ("average_pool", POOLING),
        ("average_pool_valid", POOLING),
        ("erf", MATHEMATICS),
        ("erfc", MATHEMATICS),
        ("erfinv", MATHEMATICS),
        ("normal_distribution", MATHEMATICS),
        ("erf_in_loop", MATHEMATICS),
        ("argmax", BITWISE),
        ("divide_no_nan", NO_NAN),
        ("multiply_no_nan", NO_NAN),
        ("bitwise_and", BITWISE),
        ("bitwise_or", BITWISE),
        ("left_shift", BITWISE),
        ("roll", AXIS),
        ("cumprod", AXIS),
        ("integer_lookup", "lookups of numbers became searches in constants"),
        ("lookups_of_texts_and_numbers", "lookups of numbers became searches in constants"),
        ("image_of_any_size", "known sizes became constants in reshapes"),
        ("int8_product", INTEGERS),
        ("multi_hot", INTEGERS),
        ("multi_hot_texts", INTEGERS),
        ("suppression", "selected boxes are cut to their number"),
    ],
)
def test_rewrite_operator_missing_in_litert_runs_on_litert(outcomes: Outcomes, case: str, rewrite: str) -> None:
    assert (outcomes[case]["engine"], outcomes[case]["rewrites"]) == ("litert", [rewrite])


@pytest.mark.parametrize("case", ["resize_unknown", "shift_unknown", "cumprod_unknown"])
def test_rewrite_operator_with_unknown_sizes_is_unchanged(outcomes: Outcomes, case: str) -> None:
    assert outcomes[case]["engine"] == "tensorflow"
