"""Figures of candidates: their JSON, and figures that a child process forged."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from lightship.compiler import untrusted_report
from lightship.compiler.compression.table import Candidate, Compression

EXACT = Candidate("fp32", bytes=100, transfer_bytes=90, largest_difference=0.0, within=True, p50_1=1e-5, peak_bytes=7)
FAILED = Candidate("int8", error="needs --data")
FOUND = Compression("rule", "fp32", "reason", (EXACT, FAILED))


def test_compression_json_has_no_timings() -> None:
    record = FOUND.to_json()
    assert record["chosen"] == "fp32"
    assert not {"p50_1", "p50_32", "peak_bytes"} & record["candidates"][0].keys()
    assert record["candidates"][1]["error"] == "needs --data"


def test_compression_measurements_have_timings_of_measured_candidates() -> None:
    assert FOUND.measurements() == {"fp32": {"p50_1": 1e-5, "p50_32": None, "peak_bytes": 7}}


def test_untrusted_compression_of_expected_form_is_equal() -> None:
    record = asdict(FOUND) | {"candidates": [asdict(candidate) for candidate in FOUND.candidates]}
    for candidate in record["candidates"]:
        candidate["float_layers"] = list(candidate["float_layers"])
    assert untrusted_report.compression(record) == FOUND


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bytes", -1),
        ("bytes", "many"),
        ("p50_1", float("nan")),
        ("largest_difference", "0"),
        ("peak_bytes", 1.5),
        ("float_layers", "all"),
        ("name", "a\nb"),
        ("error", 7),
    ],
)
def test_untrusted_compression_of_other_form_is_refused(field: str, value: Any) -> None:
    record = asdict(FOUND) | {"candidates": [asdict(EXACT) | {"float_layers": []} | {field: value}]}
    with pytest.raises(untrusted_report.InvalidReport):
        untrusted_report.compression(record)


def test_untrusted_compression_of_unknown_choice_is_refused() -> None:
    with pytest.raises(untrusted_report.InvalidReport):
        untrusted_report.compression(asdict(FOUND) | {"chosen": "int4", "candidates": []})
