"""The rule that chooses a variant."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.compiler.compression.choice import choose
from lightship.compiler.compression.table import Candidate

FP32 = {"p50_1": 10e-6, "p50_32": 100e-6, "bytes": 1000, "largest_difference": 1e-7}


def candidate(name: str, **figures: Any) -> Candidate:
    usual = {"within": True, "p50_1": 5e-6, "p50_32": 50e-6, "bytes": 250, "largest_difference": 1e-2}
    return Candidate(name, **{**usual, **figures})


@pytest.mark.parametrize(
    ("others", "prefer", "chosen"),
    [
        ([], "latency", "fp32"),
        ([candidate("int8")], "latency", "int8"),
        ([candidate("int8", within=False)], "latency", "fp32"),
        ([candidate("int8", error="crashed")], "latency", "fp32"),
        ([candidate("int8", p50_1=11e-6)], "latency", "fp32"),
        ([candidate("int8", p50_32=120e-6)], "latency", "fp32"),
        ([candidate("int8", p50_32=None)], "latency", "int8"),
        ([candidate("int8", p50_1=9.9e-6)], "latency", "fp32"),
        ([candidate("int8"), candidate("dynamic_int8", p50_1=4e-6)], "latency", "dynamic_int8"),
        ([candidate("int8", p50_1=11e-6)], "size", "int8"),
        ([candidate("int8", bytes=1001)], "size", "fp32"),
    ],
)
def test_choose_takes_fastest_or_smallest_within_limits(others: list[Candidate], prefer: str, chosen: str) -> None:
    assert choose([Candidate("fp32", within=True, **FP32), *others], prefer)[0] == chosen


@pytest.mark.parametrize("prefer", ["latency", "size"])
def test_choose_takes_most_exact_of_equal_variants(prefer: str) -> None:
    exact = candidate("dynamic_int8", p50_1=5.1e-6, bytes=252, largest_difference=1e-3)
    variants = [Candidate("fp32", within=True, **FP32), candidate("int8"), exact]
    assert choose(variants, prefer) == choose(variants[::-1], prefer)
    assert choose(variants, prefer)[0] == "dynamic_int8"


def test_choose_without_usable_variant_says_so() -> None:
    reference = Candidate("fp32", within=False, **FP32)
    assert "within" in choose([reference, candidate("int8", within=False)], "latency")[1]
