"""Committed results, docs/coverage.json: current ones and those of a baseline.

The baseline is ``before_commit``, the commit before issue 11.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.zoo.rows import Row, from_json

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "coverage.json"
PACKAGES = ("keras", "tf-keras", "tensorflow-cpu", "ai-edge-litert", "scikit-learn", "skops")


@dataclass(frozen=True)
class Results:
    """Rows of all groups, with the versions and the machine of the measurement."""

    before: tuple[Row, ...]
    before_commit: str
    now: tuple[Row, ...]
    measured: dict[str, str]

    def rows(self, group: str, *, before: bool = False) -> list[Row]:
        return [row for row in (self.before if before else self.now) if row.group == group]

    def with_rows(self, rows: Iterable[Row]) -> Results:
        """Replace the rows of the same models, and keep all others."""
        newer = {(row.group, row.name): row for row in rows}
        others = tuple(newer.pop((row.group, row.name), row) for row in self.now)
        return replace(self, now=(*others, *newer.values()), measured=_measured())

    def with_groups(self, rows: Sequence[Row]) -> Results:
        """Replace whole groups, so that models removed from the zoo are removed here."""
        groups = {row.group for row in rows}
        others = tuple(row for row in self.now if row.group not in groups)
        return replace(self, now=(*others, *rows), measured=_measured())

    def write(self) -> None:
        """Write the file with one row per line, for readable diffs."""
        head = {"measured": self.measured, "before_commit": self.before_commit}
        lines = [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
        lines += [f'"{key}": [\n{_lines(rows)}\n]' for key, rows in (("before", self.before), ("now", self.now))]
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def load() -> Results:
    record: dict[str, Any] = json.loads(FILE.read_text())
    return Results(
        before=tuple(map(from_json, record["before"])),
        before_commit=record["before_commit"],
        now=tuple(map(from_json, record["now"])),
        measured=record["measured"],
    )


def _lines(rows: Iterable[Row]) -> str:
    return ",\n".join(json.dumps(asdict(row)) for row in rows)


def _measured() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES} | {
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
