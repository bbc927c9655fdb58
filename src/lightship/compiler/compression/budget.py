"""Budget of a compression: how much worse a variant may be, and what is preferred."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.compiler.compression.measuring.metrics import METRICS
from lightship.errors import SettingError

PREFERENCES = ("latency", "size")


@dataclass(frozen=True)
class Budget:
    """Limits that a variant must keep, at least one of the two.

    Attributes:
        metric: the metric of ``max_drop``; empty without one.
        max_drop: by how much the metric may get worse than that of fp32.
        max_error: largest difference of an output from the original's.
        prefer: ``latency`` or ``size``, whichever decides among the variants within the limits.
    """

    metric: str = ""
    max_drop: float | None = None
    max_error: float | None = None
    prefer: str = "latency"

    def __str__(self) -> str:
        """Return the rule, as the report and the manifest have it."""
        limits = []
        if self.max_drop is not None:
            limits.append(f"{self.metric} gets worse by at most {self.max_drop:g}")
        if self.max_error is not None:
            limits.append(f"outputs differ by at most {self.max_error:g}")
        return f"lowest {self.prefer} where {' and '.join(limits)}"

    def to_json(self) -> dict[str, Any]:
        """Return the manifest's form, without the limits that are not set."""
        limits = {"metric": self.metric, "max_drop": self.max_drop, "max_error": self.max_error}
        return {name: value for name, value in limits.items() if value not in {None, ""}} | {"prefer": self.prefer}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Budget:
        """Return the budget of a :meth:`to_json` record."""
        return cls(**record)


def parse(max_drop: str | None, max_error: float | None, prefer: str | None) -> Budget | None:
    """Return the budget of the command line's options; None where none is given.

    ``max_drop`` is ``METRIC=AMOUNT``. Raises SettingError for an unknown metric, an amount that is negative or not a
    number, and for a preference without a limit.
    """
    if max_drop is None and max_error is None:
        if prefer is not None:
            raise SettingError("--prefer needs a limit: give --max-drop METRIC=AMOUNT or --max-error AMOUNT")
        return None
    if max_error is not None:
        _check("--max-error", max_error)
    metric, drop = _drop(max_drop) if max_drop is not None else ("", None)
    return Budget(metric, drop, max_error, prefer or PREFERENCES[0])


def _drop(text: str) -> tuple[str, float]:
    metric, equals, amount = text.partition("=")
    if not equals:
        raise SettingError(f"--max-drop is {text[:80]!r}, expected METRIC=AMOUNT, for example accuracy=0.005")
    if metric not in METRICS:
        raise SettingError(f"--max-drop names the unknown metric {metric[:80]!r}: the metrics are {', '.join(METRICS)}")
    try:
        number = float(amount)
    except ValueError:
        raise SettingError(f"--max-drop has the amount {amount[:80]!r}, expected a number such as 0.005") from None
    _check("--max-drop", number)
    return metric, number


def _check(option: str, amount: float) -> None:
    if not math.isfinite(amount) or amount < 0:
        raise SettingError(f"{option} has the amount {amount:g}, expected a number of at least 0")
