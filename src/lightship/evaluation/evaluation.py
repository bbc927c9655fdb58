"""Result of an evaluation, as it is written to report.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lightship.evaluation.metrics import OutputFigures
from lightship.evaluation.mistakes import Mistake
from lightship.evaluation.slices import Slice

SCHEMA = 1


@dataclass(frozen=True)
class Evaluated:
    """Data of an evaluation.

    Attributes:
        name: of the file or folder.
        sha256: digest of its content.
        rows: number of rows that were evaluated.
        skipped: number of rows that were not.
        skips: the first of them: file, row, column, reason.
        excluded: number of rows without a finite prediction of some output, which are in none of its metrics.
        exclusions: the first of them, like ``skips``.
    """

    name: str
    sha256: str
    rows: int
    skipped: int = 0
    skips: tuple[Mapping[str, Any], ...] = ()
    excluded: int = 0
    exclusions: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the entry ``data``."""
        record: dict[str, Any] = {"name": self.name, "sha256": self.sha256, "rows": self.rows, "skipped": self.skipped}
        record |= {"skips": [dict(skip) for skip in self.skips]}
        if not self.excluded:
            return record
        return record | {"excluded": self.excluded, "exclusions": [dict(each) for each in self.exclusions]}


@dataclass(frozen=True)
class Evaluation:
    """Result of an evaluation.

    ``baseline`` are statistics of the features: a part of report.json of its own. ``warnings`` are sentences about the
    targets.
    """

    data: Evaluated
    outputs: tuple[OutputFigures, ...]
    slices: tuple[Slice, ...] = ()
    worst: tuple[Mistake, ...] = ()
    baseline: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the entry ``evaluation`` of report.json."""
        record: dict[str, Any] = {
            "data": self.data.to_json(),
            "outputs": [output.to_json() for output in self.outputs],
            "slices": [each.to_json() for each in self.slices],
            "worst": [mistake.to_json() for mistake in self.worst],
            "warnings": list(self.warnings),
        }
        return {name: value for name, value in record.items() if value}
