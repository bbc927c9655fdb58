"""Result of a comparison of two models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lightship.evaluation.comparison.latency import Latencies
from lightship.evaluation.comparison.mcnemar import McNemar
from lightship.evaluation.evaluation import Evaluated


@dataclass(frozen=True)
class Difference:
    """A metric of both models, and the difference with its 95 % interval.

    The interval is of a paired bootstrap: both models have the same weights for each row.
    """

    before: float
    after: float
    difference: float
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, float]:
        """Return the fields that are known."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Change:
    """A row whose prediction changed."""

    row: int
    place: str
    target: Any
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return dict(vars(self))


@dataclass(frozen=True)
class Comparison:
    """Two models on the same rows.

    Attributes:
        data: the rows; those that either model cannot take are skipped, and those without a finite prediction of
            either are excluded.
        output: name of the output that is compared.
        metrics: differences by name.
        lost: number of rows with a finite prediction of the first model, and none of the second.
        changed: number of rows whose prediction changed.
        changes: some of them: the largest changes.
        mcnemar: for classes.
        sizes: bytes of both bundles.
        latencies: of both models.
    """

    data: Evaluated
    output: str
    metrics: Mapping[str, Difference]
    lost: int
    changed: int
    changes: tuple[Change, ...]
    mcnemar: McNemar | None
    sizes: tuple[int, int]
    latencies: Latencies

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON."""
        record: dict[str, Any] = {
            "data": self.data.to_json(),
            "output": self.output,
            "metrics": {name: difference.to_json() for name, difference in self.metrics.items()},
            "lost": self.lost,
            "changed": {"rows": self.changed, "listed": [change.to_json() for change in self.changes]},
            "bytes": list(self.sizes),
            "latency": self.latencies.to_json(),
        }
        return record | ({"mcnemar": self.mcnemar.to_json()} if self.mcnemar else {})
