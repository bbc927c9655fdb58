"""Figures of all candidates of a compression, and the choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_TIMINGS = ("p50_1", "p50_32", "peak_bytes")


@dataclass(frozen=True)
class Candidate:
    """One variant and its figures; None where a figure was not measured.

    Attributes:
        name: of the recipe, :mod:`lightship.compiler.compression.quantizing.recipes`.
        bytes, transfer_bytes: of the model file, and of the file after gzip, as a registry of images stores it.
        largest_difference: of any output from the original's, over the recorded rows.
        metric, value: the budget's metric, and its value for this variant.
        change, low, high: the value minus that of fp32, and its 95 % interval.
        within: whether the variant keeps the budget's limits.
        error: why the variant cannot be used; empty where it can.
        float_layers: layers that stay in float32.
        p50_1, p50_32: median seconds of one call with 1 and with 32 rows.
        peak_bytes: memory of loading it and of a call with one row, in a new process.
    """

    name: str
    bytes: int = 0
    transfer_bytes: int = 0
    largest_difference: float | None = None
    metric: str = ""
    value: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    within: bool = False
    error: str = ""
    float_layers: tuple[str, ...] = ()
    p50_1: float | None = None
    p50_32: float | None = None
    peak_bytes: int | None = None

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Candidate:
        """Return the candidate of a :func:`dataclasses.asdict` record."""
        return cls(**{**record, "float_layers": tuple(record.get("float_layers", ()))})

    @property
    def usable(self) -> bool:
        """Return whether the variant runs and keeps the limits."""
        return self.within and not self.error


@dataclass(frozen=True)
class Compression:
    """Result of a compression: the rule, the choice and its reason, and all figures."""

    rule: str
    chosen: str
    reason: str
    candidates: tuple[Candidate, ...] = field(default_factory=tuple)

    def candidate(self, name: str) -> Candidate:
        """Return the candidate of that name; raises KeyError."""
        return {candidate.name: candidate for candidate in self.candidates}[name]

    def to_json(self) -> dict[str, Any]:
        """Return the entry of report.json: what is equal for two equal compiles."""
        rows = [
            {key: value for key, value in asdict(candidate).items() if key not in _TIMINGS}
            for candidate in self.candidates
        ]
        return {"rule": self.rule, "chosen": self.chosen, "reason": self.reason, "candidates": rows}

    def measurements(self) -> dict[str, dict[str, Any]]:
        """Return what differs from run to run: seconds and memory, by candidate."""
        return {
            candidate.name: {key: getattr(candidate, key) for key in _TIMINGS}
            for candidate in self.candidates
            if not candidate.error
        }
