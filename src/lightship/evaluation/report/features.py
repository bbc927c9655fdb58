"""Features: their importance, and their statistics in the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightship.evaluation.report import charts
from lightship.evaluation.report.figures import figure
from lightship.evaluation.report.markup import Markup, join
from lightship.evaluation.report.tables import Cell, table
from lightship.evaluation.report.values import plain

Record = Mapping[str, Any]

_STATISTICS = ("mean", "std", "min", "max", "missing")
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
    quantiles = _quantiles(features[0]) if features else {}
    rows: list[list[Cell]] = [
        [each["name"], *(each.get(name) for name in _STATISTICS), *_quantiles(each).values()] for each in features
    ]
    return table("Numbers", ["feature", *_STATISTICS, *quantiles], rows)


def _quantiles(feature: Record) -> dict[str, float]:
    """Return the quantiles by name."""
    quantiles = feature.get("quantiles") or {}
    return dict(quantiles) if isinstance(quantiles, Mapping) else {}


def _categories(features: Sequence[Record]) -> Markup:
    rows: list[list[Cell]] = [[each["name"], each.get("missing"), _listed(each["categories"])] for each in features]
    return table("Categories", ["feature", "missing", "values and their rows"], rows)


def _listed(categories: Mapping[str, int]) -> str:
    largest = sorted(categories.items(), key=lambda pair: -pair[1])
    texts = [f"{name} {plain(count)}" for name, count in largest[:_CATEGORIES]]
    more = len(largest) - _CATEGORIES
    return ", ".join(texts) + (f" and {more} more" if more > 0 else "")
