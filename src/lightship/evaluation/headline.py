"""The most important metrics of a report, for catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import orjson

from lightship.bundle import REPORT, Bundle
from lightship.errors import BundleError
from lightship.evaluation.report.html.values import MAIN

_MOST = 20  # outputs


def main_metrics(report: Mapping[str, Any]) -> dict[str, float]:
    """Return the most important metrics by name.

    Those of several outputs are named ``output: name``. Empty for a report without an evaluation. Raises BundleError
    for a malformed one.
    """
    try:
        outputs = report.get("evaluation", {}).get("outputs", [])[:_MOST]
        return {
            f"{each['output']}: {name}" if len(outputs) > 1 else name: value
            for each in outputs
            for name in MAIN.get(each["task"], ())
            if isfinite(value := float(each.get("metrics", {}).get(name, {}).get("value", "nan")))
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"the report has no readable evaluation: {type(error).__name__}") from None


def local_metrics(bundle: Bundle) -> dict[str, float]:
    """Return the most important metrics of a bundle's report; empty where it has none."""
    if REPORT not in bundle.manifest.files:
        return {}
    try:
        return main_metrics(orjson.loads((bundle.path / REPORT).read_bytes()))
    except (OSError, orjson.JSONDecodeError, BundleError):
        return {}
