"""The most important metrics of a report, for catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from lightship.errors import BundleError

# The metrics that summarize an output, by its task; the first is shown for slices, too.
MAIN = {
    "classes": ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "log_loss"),
    "labels": ("f1_macro", "f1_micro", "subset_accuracy", "roc_auc", "hamming_loss"),
    "number": ("rmse", "mae", "r2"),
    "ranking": ("ndcg", "recall", "hit_rate", "mrr"),
}

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
