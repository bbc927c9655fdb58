"""Outputs with one class for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.evaluation import targets
from lightship.evaluation.counts import Classes
from lightship.evaluation.counts.classes import LEAST
from lightship.probabilities import probabilities
from lightship.tensors import Array, TensorSpec

_SHOWN = 8


@dataclass(frozen=True)
class ClassTask:
    """See :class:`lightship.evaluation.tasks.base.Task`."""

    spec: TensorSpec
    columns: tuple[str, ...]
    main: str = "accuracy"
    higher: bool = True

    def empty(self, replicates: int, *, areas: bool = True) -> Classes:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        found = Classes.empty(self.spec.classes, output=self.spec.name, replicates=replicates)
        if found.detail and not areas:
            found.detail.scores = ()
        return found

    def targets(self, cells: Sequence[Sequence[Any]]) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return targets.of_classes(cells[0], self.spec.classes)

    def valid(self, found: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        valid: Array = found >= 0
        return valid

    def expected(self) -> str:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return f"one of the classes {shown(self.spec.classes)}"

    def predictions(self, output: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        return probabilities(output, self.spec)

    def losses(self, found: Array, predictions: Array) -> Array:
        """Return the cross-entropy of each row."""
        of_target = predictions[np.arange(len(found)), found].astype(np.float64)
        return -np.log(np.clip(of_target, LEAST, 1))

    def wrong(self, found: Array, predictions: Array) -> Array:
        """See :class:`lightship.evaluation.tasks.base.Task`."""
        wrong: Array = predictions.argmax(axis=1) != found
        return wrong

    def changes(self, before: Array, after: Array) -> Array:
        """Return the largest difference of a probability, where the class changed."""
        largest: Array = np.abs(after.astype(np.float64) - before).max(axis=1)
        return np.where(before.argmax(axis=1) != after.argmax(axis=1), largest, 0.0)

    def describe(self, target: Any, prediction: Array) -> tuple[Any, Any]:
        """Return the name of the target's class, and the likeliest class.

        That has its name and its probability.
        """
        best = int(prediction.argmax())
        likeliest = {"class": self.spec.classes[best], "probability": float(prediction[best])}
        return self.spec.classes[int(target)], likeliest


def shown(classes: Sequence[str]) -> str:
    """Return class names for a message."""
    names = ", ".join(repr(name[:40]) for name in classes[:_SHOWN])
    return names if len(classes) <= _SHOWN else f"{names} and {len(classes) - _SHOWN} more"
