"""Table with a column of every type, and one row in several forms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lightship import inputs
from lightship.tensors import TensorSpec

COLUMNS: list[Any] = [
    "age",
    {"name": "income", "type": "number", "missing": "mean", "mean": 51000.5},
    {"name": "city", "type": "category", "values": ["Paris", "Rome", "Oslo"], "unknown": 3},
    {"name": "plan", "type": "category", "values": ["1", "2"], "output": "one_hot"},
    {"name": "smoker", "type": "boolean", "missing": "default", "default": False},
    {"name": "joined", "type": "date", "features": ["year", "month", "weekday", "hour"]},
]
ROW: dict[str, Any] = {
    "age": 40,
    "income": 1200.5,
    "city": "Rome",
    "plan": "2",
    "smoker": True,
    "joined": "2024-02-29T23:30:00-02:00",
}
NUMBERS = [40, 1200.5, 1, 0, 1, 1, 2024, 3, 4, 1]  # Friday, 1 March 2024, 01:30 UTC
CSV = "joined,plan,extra,city,age,smoker,income\n2024-02-29T23:30:00-02:00,2,x,Rome,40,TRUE,1200.5\n"


def typed(columns: list[Any], *, width: int, dtype: str = "float32") -> TensorSpec:
    """Return an input x of a table with these columns."""
    spec = TensorSpec("x", dtype, (None, width))
    return replace(spec, kind=inputs.configure(spec, "tabular", {"columns": columns}))


CUSTOMERS = typed(COLUMNS, width=10)
