"""Comparison of a variant with the original's recordings and with targets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle.golden import Golden
from lightship.calls import Call
from lightship.compiler.compression.budget import Budget
from lightship.compiler.compression.metrics import drop, replicates
from lightship.compiler.compression.recordings import read_recordings
from lightship.compiler.verification.datafiles import read_data, read_targets
from lightship.compiler.verification.parity import Agreement, Bounds, Output, compare
from lightship.errors import CompileError
from lightship.model import Model
from lightship.tensors import Array, Signature, TensorSpec

# Rows with targets that are used for a metric, the most bytes of their inputs, and how many of them are one call.
MOST_ROWS = 10_000
_MOST_BYTES = 256 * 1024**2
_BLOCK = 256

_ANY = Bounds(0.0, float("inf"))


@dataclass(frozen=True)
class Verdict:
    """How far a variant is from the original.

    Attributes:
        agreements: differences of each output, over all recorded rows.
        values: the metric's value and its replicates; empty without a metric.
    """

    agreements: tuple[Agreement, ...]
    values: tuple[float, ...] = ()

    @property
    def largest_difference(self) -> float:
        """Return the largest difference of any output."""
        return max((agreement.max_abs for agreement in self.agreements), default=0.0)

    def keeps(self, budget: Budget, reference: Sequence[float]) -> bool:
        """Return whether a budget's limits are kept; ``reference`` are the values of fp32."""
        if budget.max_error is not None and self.largest_difference > budget.max_error:
            return False
        return budget.max_drop is None or drop(budget.metric, self.values[0] - reference[0]) <= budget.max_drop

    def change(self, reference: Sequence[float]) -> dict[str, float]:
        """Return value, change from fp32 and its 95 % interval; empty without a metric."""
        if not self.values:
            return {}
        differences = np.array(self.values[1:]) - np.array(reference[1:])
        low, high = np.percentile(differences, [2.5, 97.5])
        change = self.values[0] - reference[0]
        return {"value": self.values[0], "change": change, "low": float(low), "high": float(high)}


@dataclass(frozen=True)
class Judge:
    """The original's recordings, and rows with targets where the budget has a metric."""

    budget: Budget
    recordings: Golden
    inputs: Mapping[str, Array]
    targets: Sequence[Any] = ()

    @classmethod
    def of(cls, job: Mapping[str, Any], signature: Signature) -> Judge:
        """Return the judge for a job's files; ``signature`` is the model's first one.

        Raises CompileError where the data cannot be read.
        """
        budget, recordings = Budget.from_json(job["budget"]), read_recordings(Path(job["scratch"]))
        if not budget.metric:
            return cls(budget, recordings, {})
        data, target = Path(job["data"]), job["target"]
        rows = _rows(signature)
        inputs = read_data(data, signature, target=target, rows=rows)
        targets = read_targets(data, target, rows=rows)
        if wrong := [name for name, array in inputs.items() if len(array) != len(targets)]:
            raise CompileError(
                f"{data.name}: the target '{target}' has {len(targets)} rows, and the input '{wrong[0]}' has "
                f"{len(inputs[wrong[0]])}"
            )
        return cls(budget, recordings, inputs, targets)

    def verdict(self, model: Model) -> Verdict:
        """Compare a model with the recordings and the targets.

        Raises ParityError where an output has another form, is NaN unlike the original's, or is not a number and
        differs.
        """
        agreements = []
        for name, (inputs, expected) in self.recordings.items():
            outputs = model.predict(Call(inputs=inputs, signature=name)).outputs
            for output, array in expected.items():
                agreements.append(compare(Output(name, output), array, outputs[output], bounds=_ANY))
        return Verdict(tuple(agreements), self._values(model))

    def _values(self, model: Model) -> tuple[float, ...]:
        if not self.budget.metric:
            return ()
        signature = model.manifest.signatures[0]
        spec = measured_output(signature)
        if not all(spec.batched for spec in (*signature.inputs, spec)):
            raise CompileError(f"{self.budget.metric} needs a model with one output for each row")
        starts = range(0, len(self.targets), _BLOCK)
        parts = [self._block(model, slice(start, start + _BLOCK)).outputs[spec.name] for start in starts]
        return tuple(replicates(self.budget.metric, spec, self.targets, np.concatenate(parts)))

    def _block(self, model: Model, rows: slice) -> Any:
        return model.predict(Call(inputs={name: array[rows] for name, array in self.inputs.items()}))


def _rows(signature: Signature) -> int:
    """Return how many rows are used for a metric."""
    size = sum(math.prod(filter(None, spec.row_shape)) * spec.numpy.itemsize for spec in signature.inputs)
    return max(1, min(MOST_ROWS, _MOST_BYTES // max(1, size)))


def measured_output(signature: Signature) -> TensorSpec:
    """Return the output that a metric compares with the targets.

    The first with classes, otherwise the first.
    """
    return next((spec for spec in signature.outputs if spec.classes), signature.outputs[0])
