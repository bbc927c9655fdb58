"""Measured results of one model of the zoo."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REFUSED = "refused"


@dataclass(frozen=True)
class Entry:
    """Model of the zoo by its group and its name there."""

    group: str
    name: str


@dataclass(frozen=True)
class Row:
    """Result of one model: engine or ``refused``, reasons, and measurements.

    ``reasons`` say why the engine is not LiteRT. ``max_abs`` is the largest difference from the original's outputs.
    ``size`` is bytes of the bundle's model files divided by the original's, ``latency`` the original's seconds divided
    by the compiled model's for one row, ``many`` for 1,024 rows (scikit-learn only). ``seconds`` is the processor time
    of one compile after TensorFlow is imported, ``memory`` the process's peak in bytes.
    """

    group: str
    name: str
    engine: str
    reasons: tuple[str, ...] = ()
    max_abs: float | None = None
    size: float | None = None
    latency: float | None = None
    source_bytes: int | None = None
    seconds: float = 0.0
    memory: int = 0
    many: float | None = None

    @property
    def on_litert(self) -> bool:
        return self.engine == "litert"

    @property
    def compiled(self) -> bool:
        return self.engine != REFUSED


def read(path: Path) -> list[Row]:
    """Return the rows of a file with one JSON object per line."""
    if not path.exists():
        return []
    return [from_json(json.loads(line)) for line in path.read_text().splitlines() if line]


def append(path: Path, row: Row) -> None:
    with path.open("a") as file:
        file.write(json.dumps(asdict(row)) + "\n")


def from_json(record: dict[str, Any]) -> Row:
    return Row(**record | {"reasons": tuple(record["reasons"])})
