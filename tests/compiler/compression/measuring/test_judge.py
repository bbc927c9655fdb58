"""Verdicts over rows with targets, of models of numpy functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lightship.compiler.compression.budget import Budget
from lightship.compiler.compression.measuring.judge import Judge
from lightship.compiler.compression.measuring.target_rows import TargetRows, task_of
from lightship.errors import CompileError, InvalidInput, ParityError
from lightship.evaluation.data import open_data
from lightship.tensors import Array, TensorSpec
from tests.evaluation.models import model

KINDS = TensorSpec("kind", "float32", (None, 2), classes=("no", "yes"))
CSV = "a,b,kind,other\n0.2,0.8,yes,1\n0.9,0.1,no,1\n0.8,0.2,yes,1\n0.7,0.3,no,1\n"


def unchanged(x: Array) -> Array:
    return x


def without_row(index: int, value: float = np.nan) -> Callable[[Array], Array]:
    def function(x: Array) -> Array:
        found = x.copy()
        found[np.isclose(x[:, 0], (0.2, 0.9, 0.8, 0.7)[index])] = value
        return found

    return function


def judge(folder: Path, *, text: str = CSV, target: str | None = None, skip_bad: bool = False) -> Judge:
    (folder / "data.csv").write_text(text)
    made = model(folder / "exact", unchanged, KINDS)
    data, signature = open_data(folder / "data.csv", made.manifest.signature()), made.manifest.signature()
    task = task_of("accuracy", data, signature, target=target, golden=None)
    rows = TargetRows.read(data, task, most=100, skip_bad=skip_bad)
    return Judge(Budget("accuracy", 0.0), {}, rows)


def test_verdict_finds_targets_named_like_output(tmp_path: Path) -> None:
    verdict = judge(tmp_path).verdict(model(tmp_path / "m", unchanged, KINDS))
    assert verdict.values[0] == 0.75
    assert verdict.excluded == []


def test_verdict_variant_not_finite_where_exact_is_raises(tmp_path: Path) -> None:
    exact = judge(tmp_path)
    for index, value in enumerate((np.nan, np.inf)):
        variant = model(tmp_path / f"m{index}", without_row(2, value), KINDS)
        with pytest.raises(ParityError, match="'kind'.*1 of 4"):
            replace(exact, excluded=()).verdict(variant)


def test_verdict_rows_excluded_by_exact_are_excluded_for_variants(tmp_path: Path) -> None:
    exact = judge(tmp_path)
    verdict = exact.verdict(model(tmp_path / "m0", without_row(2), KINDS))
    assert (verdict.values[0], verdict.excluded) == (1.0, [2])
    variant = replace(exact, excluded=verdict.excluded).verdict(model(tmp_path / "m1", unchanged, KINDS))
    assert variant.values == verdict.values
    assert variant.excluded == [2]


def test_verdict_skip_bad_leaves_out_rows(tmp_path: Path) -> None:
    text = CSV + "1,0,perhaps,1\nx,0,no,1\n"
    with pytest.raises(InvalidInput, match="row 5, column 'kind'.*--skip-bad"):
        judge(tmp_path, text=text)
    (tmp_path / "again").mkdir()
    found = judge(tmp_path / "again", text=text, skip_bad=True)
    assert found.verdict(model(tmp_path / "m", unchanged, KINDS)).values[0] == 0.75


def test_task_of_data_without_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--target.*'kind'"):
        judge(tmp_path, text="a,b,other\n1,0,no\n")
    signature = model(tmp_path / "m", unchanged, KINDS).manifest.signature()
    with pytest.raises(CompileError, match="rmse"):
        task_of("rmse", open_data(tmp_path / "data.csv", signature), signature, target="other", golden=None)
