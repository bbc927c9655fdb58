"""The Open Inference Protocol's classification extension: an output's top classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.errors import InvalidInput
from lightship.tensors import Array, TensorSpec


def top_classes(array: Array, spec: TensorSpec, count: int) -> Array:
    """Return the ``count`` highest values of each row as strings, the highest first.

    A string is ``value:index`` or ``value:index:class``. The shape is [batch, count], or [count] where the output has
    no batch; ``count`` is at most the number of values in a row. NaN sorts below every number. Raises InvalidInput.
    """
    if array.dtype == np.object_:
        raise InvalidInput(f"output '{spec.name}' is BYTES: it has no classes")
    table = array.reshape(len(array) if spec.batched else 1, -1)
    columns = table.shape[1]
    keys = np.where(np.isnan(table), -np.inf, table) if table.dtype.kind == "f" else table
    # sorted backwards and reversed: the highest first, and of equal values the lowest index first
    order = columns - 1 - np.argsort(keys[:, ::-1], axis=1, kind="stable")[:, ::-1][:, :count]
    classes = spec.classes if len(spec.classes) == columns else ()
    texts = np.empty(order.shape, dtype=np.object_)
    for row, ranks in enumerate(order.tolist()):
        for rank, index in enumerate(ranks):
            texts[row, rank] = _text(table[row, index], index, classes)
    return texts if spec.batched else texts[0]


def _text(value: Any, index: int, classes: tuple[str, ...]) -> bytes:
    number = f"{value:f}" if isinstance(value, np.floating) else str(int(value))
    return ":".join([number, str(index), *classes[index : index + 1]]).encode()
