"""Evaluations of the model for an explanation, in batches and within a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lightship.calls import Call
from lightship.errors import InvalidInput, TooLarge
from lightship.explain.features import Row
from lightship.explain.target import Target
from lightship.model import Model
from lightship.tensors import Array, Signature

Values = Callable[[Array], Array]
"""Returns the explained number [sets] of a row with the features in [sets, features]."""

_BATCH_ROWS = 256
_BATCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Evaluator:
    """Runs a model on variants of rows.

    Attributes:
        model: the model.
        signature: the signature of the explained call.
        deadline: the time of :func:`time.monotonic` at which it stops.
    """

    model: Model
    signature: Signature
    deadline: float = float("inf")

    def check_time(self) -> None:
        """Raise TooLarge at the deadline."""
        if time.monotonic() > self.deadline:
            raise TooLarge("the explanation was not ready in time: send fewer rows, or smaller ones")

    def values(self, row: Row, target: Target) -> Values:
        """Return the explained number as a function of the features present.

        It raises TooLarge at the deadline, and InvalidInput for a number that is not finite or a row that the model
        refuses.
        """

        def evaluate(present: Array) -> Array:
            size = self._batch(row)
            parts = [self._batch_values(row, target, present[at : at + size]) for at in range(0, len(present), size)]
            return np.concatenate(parts)

        return evaluate

    def _batch(self, row: Row) -> int:
        """Return how many variants of a row run in one call.

        Rows that are not known to be independent of each other run one by one.
        """
        if not self.signature.independent_rows or not all(spec.batched for spec in self.signature.inputs):
            return 1
        first = row.inputs(np.ones((1, row.count), bool))
        size = sum(array.nbytes for array in first.values())
        return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, size)))

    def _batch_values(self, row: Row, target: Target, present: Array) -> Array:
        self.check_time()
        inputs = row.inputs(present)
        own = {spec.name: inputs[spec.name] if spec.batched else inputs[spec.name][0] for spec in self.signature.inputs}
        try:
            result = self.model.predict(Call(own, signature=self.signature.name, outputs=target.outputs))
        except InvalidInput as error:  # of a user's transform
            raise InvalidInput(f"the model refuses a row without some of its features: {error.reason}") from None
        numbers = target.of(result.outputs)
        if not np.isfinite(numbers).all():
            raise InvalidInput(
                f"the output '{target.spec.name}' is not a finite number for this row or for one with typical values "
                "in some columns, so it cannot be explained"
            )
        return numbers
