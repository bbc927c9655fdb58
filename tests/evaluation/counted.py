"""Counts of arrays, in blocks as an evaluation reads them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from lightship.evaluation.counts import Classes, Counts, Labels, Numbers, replicates

Kind = TypeVar("Kind", bound=Counts)


def add(counts: Kind, targets: np.ndarray, predictions: np.ndarray, *, block: int = 100, seed: int = 0) -> Kind:
    """Add rows to counts, block by block."""
    for number, start in enumerate(range(0, len(targets), block)):
        rows = targets[start : start + block]
        weights = replicates.weights(seed, number, len(rows), len(counts.rows) - 1)
        counts.add(rows, predictions[start : start + block], weights)
    return counts


def of_classes(targets: np.ndarray, probabilities: np.ndarray, *, replicates: int = 20) -> Classes:
    names = [f"c{index}" for index in range(probabilities.shape[1])]
    return add(Classes.empty(names, output="y", replicates=replicates), targets, probabilities)


def of_labels(targets: np.ndarray, probabilities: np.ndarray, *, replicates: int = 20) -> Labels:
    names = [f"c{index}" for index in range(probabilities.shape[1])]
    return add(Labels.empty(names, output="y", replicates=replicates), targets, probabilities)


def of_numbers(targets: np.ndarray, predictions: np.ndarray, *, replicates: int = 20) -> Numbers:
    width = 1 if targets.ndim == 1 else targets.shape[1]
    return add(Numbers.empty(width, output="y", replicates=replicates), targets, predictions)
