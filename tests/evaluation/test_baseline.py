"""Statistics of features, and their importance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightship.evaluation.baseline import Categories, Numbers
from lightship.evaluation.evaluate import Options, evaluate, report_parts
from lightship.tensors import TensorSpec
from tests.evaluation.models import model

VALUES = np.random.default_rng(0).normal(1000, 2, size=(20_000, 2))


def counted(values: np.ndarray, first: int = 1, step: int = 999) -> Numbers:
    found = Numbers(("a", "b"))
    for start in range(0, len(values), step):
        part = values[start : start + step]
        found.add(part, first + start + np.arange(len(part)))
    return found


def test_numbers_of_blocks_equal_numpy() -> None:
    values = VALUES.copy()
    values[::7, 0] = np.nan
    first, second = counted(values).to_json()
    assert first["missing"] == np.isnan(values[:, 0]).sum()
    for record, column in ((first, values[:, 0]), (second, values[:, 1])):
        assert record["mean"] == pytest.approx(np.nanmean(column))
        assert record["std"] == pytest.approx(np.nanstd(column))
        assert (record["min"], record["max"]) == (np.nanmin(column), np.nanmax(column))
        exact = np.nanquantile(column, np.linspace(0, 1, 21))
        np.testing.assert_allclose(record["quantiles"][1:-1], exact[1:-1], atol=0.2)


def test_numbers_merged_in_any_order_are_equal() -> None:
    parts = [counted(VALUES[start : start + 5000], first=start + 1) for start in range(0, len(VALUES), 5000)]
    again = [counted(VALUES[start : start + 5000], first=start + 1) for start in range(0, len(VALUES), 5000)]
    forwards, backwards = Numbers(("a", "b")), Numbers(("a", "b"))
    for one, other in zip(parts, reversed(again), strict=True):
        forwards.merge(one)
        backwards.merge(other)
    np.testing.assert_array_equal(forwards.sample, backwards.sample)
    np.testing.assert_allclose(forwards.mean, backwards.mean, rtol=1e-12)
    np.testing.assert_allclose(forwards.spread, VALUES.var(axis=0) * len(VALUES))


def test_numbers_without_values_have_only_missing() -> None:
    (record,) = [each for each in counted(np.full((5, 2), np.nan)).to_json() if each["name"] == "a"]
    assert record == {"name": "a", "missing": 5}


def test_categories_are_counted_and_limited() -> None:
    found = Categories("c")
    found.add(["x"] * 3 + [None] * 2 + [str(number) for number in range(2000)])
    record = found.to_json()
    assert record["categories"]["x"] == 3
    assert record["categories"]["missing"] == 2
    assert sum(record["categories"].values()) + record["others"] == 2005


def test_report_parts_rank_used_feature_first(tmp_path: Path) -> None:
    made = model(tmp_path / "m", lambda x: x[:, 0], TensorSpec("y", "float32", (None,)))
    rows = np.random.default_rng(1).normal(size=(300, 2)).astype(np.float32).tolist()
    (tmp_path / "data.csv").write_text("\n".join(["a,b,y", *(f"{a},{b},{a}" for a, b in rows)]))
    options, path = Options(replicates=0, baseline=True), tmp_path / "data.csv"
    parts = report_parts(made, path, evaluate(made, path, options), options)
    used, unused = parts["importance"]["features"]
    assert (used["feature"], unused) == ("a", {"feature": "b", "importance": 0.0})
    assert used["importance"] > 1
    assert [feature["name"] for feature in parts["baseline"]["features"]] == ["a", "b"]
    assert report_parts(made, path, evaluate(made, path, options), options) == parts
