"""Check of report.json, which a model's code may have written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from lightship.bundle import REPORT, Bundle
from lightship.errors import SourceRefused
from lightship.evaluation.metrics import OutputFigures

LARGEST = 32 * 1024 * 1024
PARTS = frozenset({"schema", "card", "evaluation", "compression", "importance", "baseline"})

_LONGEST_TEXT = 2000
_LONGEST_IMAGE = 512 * 1024
_MOST_VALUES = 2_000_000
_DEEPEST = 12
_IMAGE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/]*={0,2}")


def check(bundle: Bundle) -> None:
    """Raise SourceRefused for a report of unexpected form.

    Numbers must be finite, texts bounded, and metrics as those of an evaluation.
    """
    try:
        record = _read(bundle)
        for number, value in enumerate(_values(record, 0)):
            if number >= _MOST_VALUES or not _valid(value):
                raise ValueError("a value")
        _outputs(record)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        message = "the process that compiled this model wrote an invalid report.json"
        raise SourceRefused(message, detail=str(error)) from None


def metrics(bundle: Bundle) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Return the metrics in a checked report, by output and name."""
    return {
        output.output: {name: figure.to_json() for name, figure in output.metrics.items()}
        for output in _outputs(_read(bundle))
    }


def _read(bundle: Bundle) -> Mapping[str, Any]:
    if REPORT not in bundle.manifest.files:
        return {}
    path = bundle.path / REPORT
    if path.stat().st_size > LARGEST:
        raise ValueError("it is too large")
    record = orjson.loads(path.read_bytes())
    if not isinstance(record, dict) or not record.keys() <= PARTS:
        raise ValueError("its parts")
    return record


def _outputs(record: Mapping[str, Any]) -> list[OutputFigures]:
    found = [OutputFigures.from_json(entry) for entry in record.get("evaluation", {}).get("outputs", [])]
    for output in found:
        for figure in output.metrics.values():
            if not all(isinstance(value, int | float) for value in figure.to_json().values()):
                raise ValueError("a metric")
    return found


def _values(value: Any, depth: int) -> Iterator[Any]:
    """Yield every text and number, names included."""
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _values(item, depth + 1)
    else:
        yield value


def _valid(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT or (len(value) <= _LONGEST_IMAGE and bool(_IMAGE.fullmatch(value)))
    return value is None or math.isfinite(value)
