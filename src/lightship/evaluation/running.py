"""Predictions of many rows in large batches."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from lightship.calls import Call
from lightship.errors import LightshipError, TransformError
from lightship.inputs import kind_of
from lightship.inputs.datafiles.rows import Prepared, Reject, bisected
from lightship.model import Model
from lightship.tensors import Array

_LOG = logging.getLogger(__name__)

# Rows that are predicted at once: as many as a core's cache holds, and enough of large ones to use each weight often.
# The interpreter's memory bounds both.
_CACHED_BYTES = 256 * 1024
_SOME_ROWS = 32
_MOST_BYTES = 16 * 1024 * 1024


def rows_at_once(size: int) -> int:
    """Return how many rows of this many bytes are predicted at once."""
    size = max(1, size)
    return max(1, min(max(_SOME_ROWS, _CACHED_BYTES // size), _MOST_BYTES // size))


def run(model: Model, prepared: Prepared) -> Iterator[tuple[Array, Mapping[str, Array]]]:
    """Yield positions of rows and their outputs.

    Rows that the model cannot run are added to the rejects of ``prepared``. The first error of a user's transform is
    logged with its traceback.
    """
    failed = False
    most_rows = min((kind_of(spec).most_rows for spec in model.manifest.signature().inputs), default=1)
    for batch in prepared.batches:
        size = sum(array.nbytes for array in batch.inputs.values()) // max(1, len(batch.positions))
        step = min(most_rows, rows_at_once(size))

        def predict(start: int, end: int, inputs: Mapping[str, Array] = batch.inputs) -> Mapping[str, Array]:
            return model.predict(Call({name: array[start:end] for name, array in inputs.items()})).outputs

        for first in range(0, len(batch.positions), step):
            for start, end, found in bisected(predict, first, min(first + step, len(batch.positions))):
                if isinstance(found, LightshipError):
                    if isinstance(found, TransformError) and not failed:
                        _LOG.error("%s (%s)", found.message, found.detail, exc_info=found)
                    failed |= isinstance(found, TransformError)
                    prepared.rejects[int(batch.positions[start])] = Reject.of(found)
                else:
                    yield batch.positions[start:end], found
