"""Rows as lines of JSON."""

from __future__ import annotations

import json

import pytest

from tests.zoo.rows import REFUSED, Row, from_json, to_json

ROWS = (
    Row("users", "digits", REFUSED, ("a reason",)),
    Row("boosters", "regression", "litert", source=".txt", max_abs=0.0, times=(2e-4, 1e-5), latency=20.0, many=0.5),
    Row("users", "explained", "litert", gradient=(1e-7, 2e-4, 32, 1e-3, 1e-5)),
    Row("scikit-learn", "PCA", "litert", classes=("Pipeline", "PCA")),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_from_json_equals_row(row: Row) -> None:
    assert from_json(json.loads(to_json(row))) == row
