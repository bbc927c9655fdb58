"""Boxes in images, the same for every protocol and for batch jobs.

A row of an output of boxes is [boxes, 5 + 2 * points], each ``ymin, xmin, ymax, xmax, score, x, y, …`` in fractions of
the image's height and width. A score of at most 0, or NaN, is padding.
"""

from __future__ import annotations

from typing import Any

from lightship.tensors import Array, TensorSpec
from lightship.tensors.specs import SCORE, Boxes


def by_box(array: Array, spec: TensorSpec) -> list[list[dict[str, Any]]]:
    """Return the boxes of each row of an output [rows, boxes, numbers].

    A box is ``{"box": [ymin, xmin, ymax, xmax], "score": …}``, with ``{"points": {name: [x, y]}}`` where it has points.
    """
    declared = spec.boxes or Boxes("")
    return [[_named(box, declared) for box in row] for row in without_padding(array)]


def without_padding(array: Array) -> list[Array]:
    """Return the boxes of each row [boxes, numbers] of an output, in its order."""
    return [row[row[:, SCORE] > 0] for row in array]


def _named(box: Array, declared: Boxes) -> dict[str, Any]:
    points = box[SCORE + 1 :].reshape(-1, 2)
    record: dict[str, Any] = {"box": box[:SCORE], "score": box[SCORE]}
    return record | ({"points": dict(zip(declared.points, points, strict=True))} if declared.points else {})
