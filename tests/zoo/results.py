"""The committed figures, docs/coverage.json: what is measured now, and what was at the commit before issue 11."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.zoo.layers import LEFT_OUT
from tests.zoo.rows import Row, from_json

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "coverage.json"
PACKAGES = ("keras", "tf-keras", "tensorflow-cpu", "ai-edge-litert")


@dataclass(frozen=True)
class Results:
    """Rows of all groups, with the versions and the machine that they were measured with."""

    before: tuple[Row, ...]
    before_commit: str
    now: tuple[Row, ...]
    measured: dict[str, str]

    def rows(self, group: str, *, before: bool = False) -> list[Row]:
        return [row for row in (self.before if before else self.now) if row.group == group]

    def with_rows(self, rows: Iterable[Row]) -> Results:
        """Replace rows by newer ones of the same models; what is not among them is kept."""
        newer = {(row.group, row.name): row for row in rows}
        kept = tuple(newer.pop((row.group, row.name), row) for row in self.now)
        return replace(self, now=(*kept, *newer.values()), measured=_measured())

    def write(self) -> None:
        record = asdict(self) | {"before": _lines(self.before), "now": _lines(self.now), "left_out": LEFT_OUT}
        FILE.write_text(json.dumps(record, indent=1) + "\n")


def load() -> Results:
    record: dict[str, Any] = json.loads(FILE.read_text())
    return Results(
        before=tuple(map(from_json, record["before"])),
        before_commit=record["before_commit"],
        now=tuple(map(from_json, record["now"])),
        measured=record["measured"],
    )


def _lines(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _measured() -> dict[str, str]:
    return {name: version(name) for name in PACKAGES} | {
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
