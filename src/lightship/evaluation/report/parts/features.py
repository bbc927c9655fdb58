"""Features: their importance, and their statistics in the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightship.evaluation.report import charts
from lightship.evaluation.report.html.figures import figure
from lightship.evaluation.report.html.markup import Markup, join
from lightship.evaluation.report.html.tables import Cell, table
from lightship.evaluation.report.html.values import plain

Record = Mapping[str, Any]

_STATISTICS = ("mean", "std", "min", "max", "missing")
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
# The most categories of a feature in the table.
_CATEGORIES = 10


def importance(record: Record) -> Markup:
    """Return the importance of features, the largest first."""
    features = sorted(record["features"], key=lambda each: -abs(each["importance"]))
    rows = [[each["feature"], float(each["importance"])] for each in features]
    values = table("Importance of features", ["feature", "importance"], rows)
    shown = f"The {charts.BARS} most important of {len(features)} features. " if len(features) > charts.BARS else ""
    return figure(charts.importance(features), f"{shown}Method: {record['method']}.", values)


def baseline(record: Record) -> Markup:
    """Return the statistics of numbers, and the categories of the others."""
    numbers = [each for each in record["features"] if "categories" not in each]
    others = [each for each in record["features"] if "categories" in each]
    return join([_numbers(numbers), _categories(others)])


def _numbers(features: Sequence[Record]) -> Markup:
    head = ["feature", *_STATISTICS, *(f"{level:.0%}" for level in _LEVELS)]
    rows: list[list[Cell]] = [
        [each["name"], *(each.get(name) for name in _STATISTICS), *_quantiles(each.get("quantiles"))]
        for each in features
    ]
    return table("Numbers; the last columns are quantiles", head, rows)


def _quantiles(recorded: Sequence[float] | None) -> list[float | None]:
    """Return the shown quantiles of those recorded, which are even from 0 to 1."""
    if not recorded:
        return [None] * len(_LEVELS)
    return [recorded[round(level * (len(recorded) - 1))] for level in _LEVELS]


def _categories(features: Sequence[Record]) -> Markup:
    rows: list[list[Cell]] = [[each["name"], _listed(each["categories"], each.get("others", 0))] for each in features]
    return table("Categories", ["feature", "values and their rows"], rows)


def _listed(categories: Mapping[str, int], others: int) -> str:
    largest = sorted(categories.items(), key=lambda pair: -pair[1])
    others += sum(count for _, count in largest[_CATEGORIES:])
    texts = [f"{name} {plain(count)}" for name, count in largest[:_CATEGORIES]]
    return ", ".join([*texts, *([f"others {plain(others)}"] if others else [])])
