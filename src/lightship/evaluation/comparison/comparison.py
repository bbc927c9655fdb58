"""Result of a comparison of two models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
class ComparedOutput:
    """One output of two models on the same rows.

    Attributes:
        output: name of the output; of the first model where the first outputs have different names.
        rows: number of rows with finite predictions of both models.
        metrics: differences by name.
        absent: why a metric is undefined for either model, by name.
        changed: number of rows whose prediction changed.
        changes: some of them: the largest changes.
        mcnemar: for classes.
    """

    output: str
    rows: int
    metrics: Mapping[str, Difference]
    absent: Mapping[str, str] = field(default_factory=dict)
    changed: int = 0
    changes: tuple[Change, ...] = ()
    mcnemar: McNemar | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``outputs``."""
        record: dict[str, Any] = {
            "output": self.output,
            "rows": self.rows,
            "metrics": {name: difference.to_json() for name, difference in self.metrics.items()},
            "absent": dict(self.absent),
            "changed": {"rows": self.changed, "listed": [change.to_json() for change in self.changes]},
        }
        return record | ({"mcnemar": self.mcnemar.to_json()} if self.mcnemar else {})


@dataclass(frozen=True)
class Comparison:
    """Two models on the same rows.

    Attributes:
        data: the rows; those that either model cannot take are skipped, and those without a finite prediction of
            some output of either are excluded from its metrics.
        outputs: the outputs that both models have and the data has targets of, the first one first.
        unmatched: names of outputs with targets that only one of the models has.
        lost: number of rows with a finite prediction of the first model, and none of the second, of the same output.
        sizes: bytes of both bundles.
        latencies: of both models.
        warnings: sentences about the targets.
    """

    data: Evaluated
    outputs: tuple[ComparedOutput, ...]
    unmatched: tuple[str, ...]
    lost: int
    sizes: tuple[int, int]
    latencies: Latencies
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON."""
        return {
            "data": self.data.to_json(),
            "outputs": [output.to_json() for output in self.outputs],
            "unmatched": list(self.unmatched),
            "lost": self.lost,
            "bytes": list(self.sizes),
            "latency": self.latencies.to_json(),
            "warnings": list(self.warnings),
        }
