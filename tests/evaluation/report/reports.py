"""Contents of report.json with every part, made by counting."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from lightship.evaluation.metrics import figures
from tests.evaluation.counted import add, of_labels, of_numbers

# Names that would be markup, end an attribute, or reverse the text after them.
HOSTILE = "</td><script>alert(1)</script>\"' \u202e\u05e9\u05dc\u05d5\u05dd & \x00"
PIXEL = base64.b64encode(b"\x89PNG\r\n").decode()


def classes(names: list[str], *, rows: int = 400) -> dict[str, Any]:
    """Return the figures of a classifier that is often right."""
    from lightship.evaluation.counts import Classes

    rng = np.random.default_rng(0)
    targets = rng.integers(0, len(names), rows)
    scores = rng.normal(size=(rows, len(names))) + 2 * np.eye(len(names))[targets]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    counts = add(Classes.empty(names, output="class", replicates=20), targets, probabilities.astype(np.float32))
    return figures(counts).to_json()


def labels() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, (200, 4))
    return figures(of_labels(targets, (targets * 0.5 + rng.random((200, 4)) * 0.5).astype(np.float32))).to_json()


def numbers() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=300)
    return figures(of_numbers(targets, targets + rng.normal(size=300) / 4)).to_json()


def report(*outputs: dict[str, Any]) -> dict[str, Any]:
    """Return a report with every part, in which each text is hostile."""
    return {
        "schema": 1,
        "card": dict.fromkeys(("purpose", "data", "limits", "owner", "licence"), HOSTILE),
        "evaluation": {
            "data": {
                "name": HOSTILE,
                "sha256": "ab" * 32,
                "rows": 400,
                "skipped": 3,
                "skips": [{"file": HOSTILE, "row": 7, "column": HOSTILE, "reason": HOSTILE}],
            },
            "outputs": list(outputs),
            "slices": [{"column": HOSTILE, "values": [{"value": HOSTILE, "rows": 9, "metrics": _METRICS}]}],
            "worst": [_mistake(HOSTILE), _mistake(3.5)],
        },
        "compression": {
            "rule": HOSTILE,
            "chosen": "int8",
            "reason": HOSTILE,
            "candidates": [_variant("fp32", 4000), _variant("int8", 1000), {"name": HOSTILE, "error": HOSTILE}],
        },
        "importance": {"method": HOSTILE, "features": [{"feature": HOSTILE, "importance": -0.25}]},
        "baseline": {
            "features": [
                {
                    "name": HOSTILE,
                    "mean": 1.5,
                    "std": 0.5,
                    "min": 0,
                    "max": 3,
                    "missing": 2,
                    "quantiles": [0, 1, 1.5, 2, 3],
                },
                {"name": HOSTILE, "missing": 400},
                {"name": HOSTILE, "categories": {HOSTILE: 12, "other": 3}, "others": 4},
            ]
        },
    }


MEASUREMENTS = {
    "compiled": HOSTILE,
    "candidates": {
        "fp32": {"p50_1": 7e-5, "p50_32": 1e-3, "peak_bytes": 67_000_000},
        "int8": {"p50_1": 3e-5, "p50_32": 9e-4, "peak_bytes": 60_000_000},
    },
}

_METRICS = {"accuracy": {"value": 0.75, "low": 0.5, "high": 1.0}, "f1_macro": {"value": 0.625}}


def _mistake(target: str | float) -> dict[str, Any]:
    predicted = {"class": HOSTILE, "probability": 0.75}
    return {
        "row": 12,
        "target": target,
        "predicted": predicted,
        "loss": 4.5,
        "cells": {HOSTILE: HOSTILE, "empty": None},
    }


def _variant(name: str, size: int) -> dict[str, Any]:
    sizes = {"name": name, "bytes": size, "transfer_bytes": size // 2, "largest_difference": 0.001}
    return sizes | {
        "metric": "accuracy",
        "float_layers": ["a", "b"],
        "error": "",
        "value": 0.9,
        "change": -0.01,
        "low": -0.02,
        "high": 0.0,
        "within": True,
    }
