"""Committed results, docs/coverage.json: current ones and those of a baseline.

The baseline is ``before_commit``, the commit before issue 11.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.zoo.rows import Row, from_json, to_json

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "coverage.json"
PACKAGES = (
    *("keras", "tf-keras", "tensorflow-cpu", "ai-edge-litert"),
    *("scikit-learn", "skops", "xgboost-cpu", "lightgbm"),
)

Measurement = Mapping[str, str]


@dataclass(frozen=True)
class Results:
    """Rows of all groups, and how each group was measured: date, versions and load."""

    before: tuple[Row, ...]
    before_commit: str
    now: tuple[Row, ...]
    measured: Mapping[str, Measurement]

    def rows(self, group: str, *, before: bool = False) -> list[Row]:
        return [row for row in (self.before if before else self.now) if row.group == group]

    def with_group(self, group: str, rows: Sequence[Row], measurement: Measurement) -> Results:
        """Replace a whole group, so that models removed from the zoo are removed here."""
        others = tuple(row for row in self.now if row.group != group)
        return replace(self, now=(*others, *rows), measured={**self.measured, group: measurement})

    def write(self) -> None:
        """Write the file with one row per line, for readable diffs."""
        measured = ",\n".join(f"{json.dumps(group)}: {json.dumps(each)}" for group, each in self.measured.items())
        parts = [f'"measured": {{\n{measured}\n}}', f'"before_commit": {json.dumps(self.before_commit)}']
        parts += [f'"{key}": [\n{_lines(rows)}\n]' for key, rows in (("before", self.before), ("now", self.now))]
        FILE.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def load() -> Results:
    record: dict[str, Any] = json.loads(FILE.read_text())
    return Results(
        before=tuple(map(from_json, record["before"])),
        before_commit=record["before_commit"],
        now=tuple(map(from_json, record["now"])),
        measured=record["measured"],
    )


def measurement() -> Measurement:
    """Describe a measurement that begins now, by this Python on this machine."""
    return {
        "date": str(datetime.datetime.now(datetime.UTC).date()),
        **{name: found for name in PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "load average before": f"{os.getloadavg()[0]:.2f}",
    }


def _lines(rows: Iterable[Row]) -> str:
    return ",\n".join(map(to_json, rows))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
