"""Values of report.json as texts."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

_WORDS = {
    "roc": "ROC",
    "pr": "PR",
    "auc": "AUC",
    "f1": "F1",
    "ece": "ECE",
    "mse": "MSE",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
    "brier": "Brier score",
    "ndcg": "nDCG",
    "mrr": "MRR",
}
# In place of a value that is not known.
DASH = "\N{EN DASH}"

_UNITS = ("bytes", "KB", "MB", "GB")


def number(value: float | None) -> str:
    """Return a number with four significant digits; a dash for None."""
    if value is None:
        return DASH
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if isfinite(value) and 1000 <= abs(value) < 1e12 else f"{value:.4g}"


def estimated(value: float) -> str:
    """Return a metric: four decimals, or four digits where it is large or very small."""
    return f"{value:.4f}" if 0.001 <= abs(value) < 10 or value == 0 else number(float(value))


def interval(figure: Mapping[str, float]) -> str:
    """Return the interval of a metric; empty without one."""
    low, high = figure.get("low"), figure.get("high")
    return "" if low is None or high is None else f"{estimated(low)} to {estimated(high)}"


def metric(name: str) -> str:
    """Return a metric's name for readers, such as ``ROC AUC``."""
    return " ".join(_WORDS.get(word, word) for word in name.split("_"))


def size(count: float | None) -> str:
    """Return a number of bytes with a unit; a dash for None."""
    if count is None:
        return DASH
    unit = next((power for power in range(len(_UNITS)) if count < 1000 ** (power + 1)), len(_UNITS) - 1)
    return f"{count / 1000**unit:,.{1 if unit else 0}f} {_UNITS[unit]}"


def milliseconds(seconds: float | None) -> str:
    """Return a duration in milliseconds; a dash for None."""
    return DASH if seconds is None else f"{number(float(seconds) * 1000)} ms"


def plain(value: Any) -> str:
    """Return a target, a prediction or a cell as text.

    A prediction may be a class with its probability, or a list of classes.
    """
    if isinstance(value, dict):
        return f"{value['class']} ({value['probability']:.3f})"
    if isinstance(value, float | int | None) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, list):
        return ", ".join(map(plain, value)) or DASH
    return str(value)
