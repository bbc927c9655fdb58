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
from lightship.compiler.compression.measuring.target_rows import TargetRows, task_of
from lightship.compiler.verification import datafiles
from lightship.compiler.verification.parity import Agreement, Bounds, Output, compare
from lightship.errors import ParityError
from lightship.evaluation.counts.numbers import are_finite
from lightship.evaluation.counts.replicates import interval
from lightship.evaluation.data import open_data
from lightship.model import Model
from lightship.tensors import Array, Signature

# Rows with targets that are used for a metric, and the most bytes of their inputs.
MOST_ROWS = 10_000
_MOST_BYTES = 256 * 1024**2

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
        excluded: positions of the rows with targets that are not counted.
    """

    agreements: tuple[Agreement, ...]
    largest_difference: float
    values: Values = ()
    excluded: Sequence[int] = ()

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
    """The original's recordings, and rows with targets where the budget has a metric.

    ``excluded`` are positions of rows for which fp32 has no finite prediction, and which no variant's metric counts;
    None where fp32 itself is judged.
    """

    budget: Budget
    recordings: Golden
    rows: TargetRows | None = None
    excluded: Sequence[int] | None = None

    @classmethod
    def of(cls, job: Mapping[str, Any], signature: Signature) -> Judge:
        """Return the judge for a job's files; ``signature`` is the model's first one.

        Raises CompileError where the data cannot be read.
        """
        budget, recordings = Budget.from_json(job["budget"]), read_recordings(Path(job["scratch"]))
        if not budget.metric:
            return cls(budget, recordings)
        golden = recordings[signature.name][1].get(signature.outputs[0].name)
        with datafiles.of_data(path := Path(job["data"])):
            data = open_data(path, signature)
            task = task_of(budget.metric, data, signature, target=job["target"], golden=golden)
            rows = TargetRows.read(data, task, most=_rows(signature), skip_bad=job["skip_bad"])
        return cls(budget, recordings, rows, job["excluded"])

    def verdict(self, model: Model) -> Verdict:
        """Compare a model with the recordings and the targets.

        Raises ParityError where an output has another form, is NaN or infinite unlike the original's, or is not a
        number and differs.
        """
        agreements, largest = [], 0.0
        for name, (inputs, expected) in self.recordings.items():
            outputs = model.predict(Call(inputs=inputs, signature=name)).outputs
            for output, array in expected.items():
                agreements.append(compare(Output(name, output), array, outputs[output], bounds=_ANY))
                largest = max(largest, _difference(array, outputs[output]))
        if self.rows is None or not self.budget.metric:
            return Verdict(tuple(agreements), largest)
        return Verdict(tuple(agreements), largest, *self._values(model, self.rows))

    def _values(self, model: Model, rows: TargetRows) -> tuple[Values, Sequence[int]]:
        """Return the metric's values, and the positions of the rows that are not counted."""
        predictions = rows.predictions(model)
        counted = are_finite(predictions)
        if self.excluded is not None:
            expected = np.ones(len(counted), np.bool_)
            expected[list(self.excluded)] = False
            if lost := int((expected & ~counted).sum()):
                raise ParityError(
                    f"'{rows.task.spec.name}' is NaN or infinite in {lost:,} of {len(counted):,} rows with targets, "
                    "where that of fp32 is finite"
                )
            counted = expected
        values = metrics.values(self.budget.metric, rows.task, rows.targets[counted], predictions[counted])
        return values, np.flatnonzero(~counted).tolist()


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
