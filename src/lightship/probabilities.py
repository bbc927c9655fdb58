"""Probabilities by class name, the same for every protocol and for batch jobs."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.tensors import Array, TensorSpec


def probabilities(array: Array, spec: TensorSpec) -> Array:
    """Return an output [batch, columns] as probabilities [batch, classes], float32.

    Logits go through softmax; a single column is the second class's probability (a sigmoid's), or its logit. With
    several classes in a row, each column is a class's probability, or its logit.
    """
    table = np.asarray(array, dtype=np.float64).reshape(len(array), -1)
    if spec.multi_label:
        return _sigmoid(table, spec).astype(np.float32)
    if table.shape[1] == 1:
        second = _sigmoid(table, spec)
        table = np.hstack([1 - second, second])
    elif spec.from_logits:
        table = np.exp(table - table.max(axis=1, keepdims=True))
        table /= table.sum(axis=1, keepdims=True)
    return table.astype(np.float32)


def _sigmoid(table: Array, spec: TensorSpec) -> Array:
    """Return the sigmoid of logits, without overflow; probabilities are unchanged."""
    return np.exp(-np.logaddexp(0, -table)) if spec.from_logits else table


def by_class(array: Array, spec: TensorSpec) -> list[dict[str, Any]]:
    """Return the probability by class name for each row, the likeliest class first."""
    if array.shape == (1, 1) and not (spec.from_logits or spec.multi_label):  # numpy's overhead exceeds the computation
        second = array.item()
        pair = [(spec.classes[0], np.float32(1 - second)), (spec.classes[1], np.float32(second))]
        return [dict(pair if second <= 0.5 else pair[::-1])]
    table = probabilities(array, spec)
    order = np.argsort(-table, axis=1, kind="stable")
    return [
        {spec.classes[index]: row[index] for index in ranks} for row, ranks in zip(table, order.tolist(), strict=True)
    ]
