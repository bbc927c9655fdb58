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
from lightship.compiler.compression.measuring import metrics
from lightship.compiler.compression.measuring.recordings import read_recordings
from lightship.compiler.verification.datafiles import read_data, read_targets
from lightship.compiler.verification.parity import Agreement, Bounds, Output, compare
from lightship.errors import CompileError
from lightship.evaluation.counts.replicates import interval
from lightship.model import Model
from lightship.tensors import Array, Signature, TensorSpec

# Rows with targets that are used for a metric, the most bytes of their inputs, and how many of them are one call.
MOST_ROWS = 10_000
_MOST_BYTES = 256 * 1024**2
_BLOCK = 256

# Of a difference of two metrics: 0.98 - 0.975 is more than 0.005.
_ROUNDING = 1e-12

Values = Sequence[float | None]

_ANY = Bounds(0.0, float("inf"))


@dataclass(frozen=True)
class Verdict:
    """How far a variant is from the original.

    Attributes:
        agreements: differences of each output over all recorded rows, rounded.
        largest_difference: of any output, not rounded.
        values: the metric's value and its replicates, None for an undefined one; empty without a metric.
    """

    agreements: tuple[Agreement, ...]
    largest_difference: float
    values: Values = ()

    def keeps(self, budget: Budget, reference: Values) -> bool:
        """Return whether a budget's limits are kept; ``reference`` are the values of fp32."""
        if budget.max_error is not None and self.largest_difference > budget.max_error:
            return False
        if budget.max_drop is None:
            return True
        return metrics.drop(budget.metric, self.change(reference)["change"] or 0.0) <= budget.max_drop + _ROUNDING

    def change(self, reference: Values) -> dict[str, float | None]:
        """Return value, change from fp32 and its 95 % interval; empty without a metric."""
        if not self.values:
            return {}
        differences = np.array(self.values, np.float64) - np.array(reference, np.float64)  # None is NaN
        low, high = interval(differences) or (None, None)
        return {"value": self.values[0], "change": float(differences[0]), "low": low, "high": high}


@dataclass(frozen=True)
class Judge:
    """The original's recordings, and rows with targets where the budget has a metric."""

    budget: Budget
    recordings: Golden
    inputs: Mapping[str, Array]
    targets: Sequence[Any] = ()
    file: str = ""

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
        targets = read_targets(data, signature, target, rows=rows)
        if wrong := [name for name, array in inputs.items() if len(array) != len(targets)]:
            raise CompileError(
                f"{data.name}: the target '{target}' has {len(targets)} rows, and the input '{wrong[0]}' has "
                f"{len(inputs[wrong[0]])}"
            )
        return cls(budget, recordings, inputs, targets, data.name)

    def verdict(self, model: Model) -> Verdict:
        """Compare a model with the recordings and the targets.

        Raises ParityError where an output has another form, is NaN unlike the original's, or is not a number and
        differs.
        """
        agreements, largest = [], 0.0
        for name, (inputs, expected) in self.recordings.items():
            outputs = model.predict(Call(inputs=inputs, signature=name)).outputs
            for output, array in expected.items():
                agreements.append(compare(Output(name, output), array, outputs[output], bounds=_ANY))
                largest = max(largest, _difference(array, outputs[output]))
        return Verdict(tuple(agreements), largest, self._values(model))

    def _values(self, model: Model) -> Values:
        if not self.budget.metric:
            return ()
        signature = model.manifest.signatures[0]
        spec = measured_output(signature)
        if not all(spec.batched for spec in (*signature.inputs, spec)):
            raise CompileError(f"{self.budget.metric} needs a model with one output for each row")
        starts = range(0, len(self.targets), _BLOCK)
        parts = [self._block(model, slice(start, start + _BLOCK)).outputs[spec.name] for start in starts]
        return metrics.values(self.budget.metric, spec, self.targets, np.concatenate(parts), file=self.file)

    def _block(self, model: Model, rows: slice) -> Any:
        return model.predict(Call(inputs={name: array[rows] for name, array in self.inputs.items()}))


def _difference(expected: Array, actual: Array) -> float:
    """Return the largest difference of two arrays that :func:`compare` has accepted."""
    if expected.dtype.kind not in "fiu":
        return 0.0
    finite = np.isfinite(expected)
    return float(np.abs(expected[finite].astype(np.float64) - actual[finite].astype(np.float64)).max(initial=0.0))


def _rows(signature: Signature) -> int:
    """Return how many rows are used for a metric."""
    size = sum(math.prod(filter(None, spec.row_shape)) * spec.numpy.itemsize for spec in signature.inputs)
    return max(1, min(MOST_ROWS, _MOST_BYTES // max(1, size)))


def measured_output(signature: Signature) -> TensorSpec:
    """Return the output that a metric compares with the targets.

    The first with classes, otherwise the first.
    """
    return next((spec for spec in signature.outputs if spec.classes), signature.outputs[0])
