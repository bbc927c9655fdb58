"""Columns in which scikit-learn models take NaN, as their inputs' kinds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.model_files import write

GAP, NUMBERS = {"missing": "nan"}, {"type": "number", "missing": "nan"}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the kinds of inputs by model, from one process."""
    printed = write("tests.compiler.scikit_learn.missing_models", tmp_path_factory.mktemp("missing"))
    return dict(json.loads(printed.splitlines()[-1]))


def test_model_with_gaps_everywhere_has_kind_number(kinds: dict[str, Any]) -> None:
    for name in ("imputed", "histogram", "forest", "tree"):
        assert kinds[name] == [NUMBERS], name


def test_model_without_gaps_has_no_kind(kinds: dict[str, Any]) -> None:
    for name in ("scaled", "boosting"):
        assert kinds[name] == [None], name


def test_columns_with_gaps_are_found_one_by_one(kinds: dict[str, Any]) -> None:
    assert kinds["named"][0]["types"] == {"a": GAP}
    assert kinds["unnamed"] == [None]
    assert kinds["mixed"] == [None, NUMBERS, None]
