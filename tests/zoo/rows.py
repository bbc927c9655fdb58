"""Measured results of one model of the zoo."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

REFUSED = "refused"


@dataclass(frozen=True)
class Row:
    """Result of one model: engine or ``refused``, reasons, and measurements.

    ``reasons`` say why the engine is not LiteRT. ``source`` is the suffix of the file, or ``SavedModel``. ``classes``
    are those of a scikit-learn model and its steps. ``max_abs`` is the largest difference from the original's outputs.
    ``size`` is bytes of the bundle's model files divided by the original's. ``times`` are the seconds of one row
    through the original's fastest call and through the compiled model, ``latency`` is their ratio, and ``many`` this
    ratio for 1,024 rows. ``gradient`` has the figures of :class:`tests.zoo.explained.Explained`, ``no_gradient`` its
    reason. ``seconds`` is the processor time of one compile after TensorFlow is imported, ``memory`` the process's peak
    in bytes.
    """

    group: str
    name: str
    engine: str
    reasons: tuple[str, ...] = ()
    source: str = ""
    classes: tuple[str, ...] = ()
    max_abs: float | None = None
    size: float | None = None
    times: tuple[float, float] | None = None
    latency: float | None = None
    source_bytes: int | None = None
    seconds: float = 0.0
    memory: int = 0
    many: float | None = None
    gradient: tuple[float, ...] = ()
    no_gradient: str = ""

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
        file.write(to_json(row) + "\n")


def to_json(row: Row) -> str:
    """Return a line of JSON without the values that are defaults."""
    values = {field.name: (getattr(row, field.name), field.default) for field in fields(row)}
    return json.dumps({name: value for name, (value, default) in values.items() if value != default})


def from_json(record: dict[str, Any]) -> Row:
    return Row(**{name: tuple(value) if isinstance(value, list) else value for name, value in record.items()})
