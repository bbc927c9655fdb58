"""Budgets of the command line: values, and options that are refused."""

from __future__ import annotations

import pytest

from lightship.compiler.compression.budget import Budget, parse
from lightship.errors import SettingError


def test_parse_without_options_is_no_budget() -> None:
    assert parse(None, None, None) is None


def test_parse_options_become_limits() -> None:
    assert parse("accuracy=0.005", 1e-3, "size") == Budget("accuracy", 0.005, 1e-3, "size")
    assert parse(None, 0.0, None) == Budget(max_error=0.0, prefer="latency")


@pytest.mark.parametrize(
    ("drop", "error", "prefer", "named"),
    [
        ("acuracy=0.005", None, None, "acuracy"),
        ("accuracy", None, None, "METRIC=AMOUNT"),
        ("accuracy=little", None, None, "little"),
        ("accuracy=-0.1", None, None, "-0.1"),
        ("accuracy=nan", None, None, "nan"),
        (None, -1e-3, None, "-0.001"),
        (None, float("inf"), None, "inf"),
        (None, None, "size", "--max-error"),
    ],
)
def test_parse_wrong_option_is_named(drop: str | None, error: float | None, prefer: str | None, named: str) -> None:
    with pytest.raises(SettingError, match=named):
        parse(drop, error, prefer)


@pytest.mark.parametrize("budget", [Budget("mae", 0.5), Budget(max_error=0.0, prefer="size"), Budget("r2", 0.0, 1.0)])
def test_budget_json_round_trip(budget: Budget) -> None:
    assert Budget.from_json(budget.to_json()) == budget
