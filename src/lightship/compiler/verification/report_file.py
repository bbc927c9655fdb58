"""Check of report.json, which a model's code may have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from lightship.bundle import REPORT, Bundle
from lightship.errors import BundleError, SourceRefused
from lightship.evaluation.metrics import OutputFigures
from lightship.evaluation.report import bounds

PARTS = frozenset({"schema", "card", "evaluation", "compression", "importance", "baseline"})


def check(bundle: Bundle) -> None:
    """Raise SourceRefused for a report of unexpected form.

    Numbers must be finite, texts bounded, and metrics as those of an evaluation.
    """
    try:
        record = _read(bundle)
        bounds.check(record)
        _outputs(record)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, BundleError) as error:
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
    if path.stat().st_size > bounds.LARGEST:
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
