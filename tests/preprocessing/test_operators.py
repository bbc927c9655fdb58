"""Numpy's operators equal TensorFlow's, bit for bit, on adversarial texts."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lightship.errors import InvalidInput, TooLarge
from lightship.preprocessing import patterns
from lightship.preprocessing.fingerprints import farmhash, siphash
from lightship.preprocessing.operators import build
from lightship.preprocessing.operators.texts.strings import fill
from tests.model_files import results_once
from tests.preprocessing.operator_cases import CASES


@pytest.fixture(scope="module")
def differences(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return messages by case, empty where TensorFlow's result is numpy's."""
    found: dict[str, str] = results_once("tests.preprocessing.operator_differences", "operators.json", tmp_path_factory)
    return found


@pytest.mark.parametrize("case", CASES)
def test_operator_on_adversarial_values_equals_tensorflow(differences: dict[str, str], case: str) -> None:
    assert differences[case] == ""


@pytest.mark.parametrize("text", [b"", b"x", b"1_000", b"0x10", b"1e", b"\xd9\xa1", b"1 2", b"--1", b"1.5.2"])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_to_numbers_of_other_text_names_input(text: bytes, dtype: str) -> None:
    read = build("literals.to_numbers", {"dtype": dtype, "source": "price"}, {})
    with pytest.raises(InvalidInput, match="input 'price': "):
        read(fill([b"1", b" 2 ", text, b"3"]))


def test_to_numbers_beyond_int32_is_refused() -> None:
    with pytest.raises(InvalidInput, match="an integer"):
        build("literals.to_numbers", {"dtype": "int32"}, {})(fill([b"2147483647", b"2147483648"]))


@pytest.mark.parametrize("operator", ["unicode.decode", "unicode.transcode"])
def test_strict_operator_on_invalid_utf8_names_byte(operator: str) -> None:
    with pytest.raises(InvalidInput, match="byte 1"):
        build(operator, {"errors": "strict"}, {})(fill([b"a", b"b\xff"]))


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",  # takes exponential time
        "<[^>]+>",  # takes quadratic time on many <
        r"\s+$",
        "(a|b|c|d){9}",
        "a+?",
        "(?i)a",
        r"\pL",
        "[^\u00e9]",
        "[\u00e9-\u00f6]",
        r"\bword\b",
        "a**",
        "(a",
        "[a",
        "a\\",
        "(?P<name>a)",
        "a{100}",
        "a{2,100}b",
        "x{100,}",
        "a{01}",
        "{2}",
        "[[:^alpha:]]",
        "(" * 3000 + ")" * 3000,
        "a" * 10_001,
    ],
)
def test_pattern_python_may_match_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(patterns.Untranslatable):
        patterns.translate(pattern.encode())


@pytest.mark.parametrize("operator", ["strings.matches", "strings.replace"])
@pytest.mark.parametrize("pattern", ["(?:a+)+b", "(a|a)*", "(?=a)", r"(a)\1", "a{100}", "("])
def test_operator_with_pattern_of_unlimited_work_is_refused(operator: str, pattern: str) -> None:
    with pytest.raises(ValueError):
        build(operator, {"pattern": pattern, "parts": [], "every": True}, {})


@pytest.mark.parametrize("parts", [[1], [-1], ["a" * 1001], [0] * 1001])
def test_replace_with_invalid_or_long_rewrite_is_refused(parts: list[str | int]) -> None:
    with pytest.raises(ValueError):
        build("strings.replace", {"pattern": "a", "parts": parts, "every": True}, {})


@pytest.mark.parametrize("form", ["%100000000d", "%.100f", "%*d", "%s", "a%d", "%d%d"])
def test_from_numbers_with_other_format_is_refused(form: str) -> None:
    with pytest.raises(ValueError):
        build("literals.from_numbers", {"format": form}, {})


def test_ranks_of_one_long_column_among_many_take_little_memory() -> None:
    bounds, starts = np.arange(3000.0), np.array([0] + [3000] * 3000)
    tracemalloc.start()
    rank = build("tables.ranks", {"side": "left"}, {1: bounds, 2: starts})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
    found = np.asarray(rank(np.full((1, 3000), 7.5)))
    assert found[0, :2].tolist() == [8, 0]


def test_matches_of_every_character_but_ascii_takes_others() -> None:
    match = build("strings.matches", {"pattern": "[^\x00-\x7f]"}, {})
    assert np.asarray(match(fill(["\u00e9".encode(), b"a", b"]"]))).tolist() == [True, False, False]


def test_to_dense_of_one_long_row_among_many_is_too_large() -> None:
    rows, longest = 10_000, 10_000
    ids = np.concatenate([np.arange(rows), np.zeros(longest, np.int64)])
    pad = build("ragged.to_dense", {"types": ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]}, {})
    with pytest.raises(TooLarge, match="10000 x 10001"):
        pad(np.array([-1, -1]), ids, np.array(0), np.array(rows), ids)


def test_hash_of_reference_text_is_published_value() -> None:
    assert siphash(bytes(range(15)), (0x0706050403020100, 0x0F0E0D0C0B0A0908)) == 0xA129CA6149BE45E5
    assert farmhash(b"") == 0x9AE16A3B2F90404F
