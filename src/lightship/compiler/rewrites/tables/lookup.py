"""Rewrite of lookup tables from integers to numbers into a binary search."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lightship.compiler.graph.frozen import Graph
from lightship.compiler.graph.replacement import Function, replace
from lightship.tensors import Array

_KEYS = ("int32", "int64")
_VALUES = ("int32", "int64", "float32")


def apply(graph: Graph) -> bool:
    """Replace lookups in captured tables of numbers; return whether any changed."""
    return replace(graph, {"LookupTableFindV2": partial(_lookup, graph.captures)})


def _lookup(captures: dict[str, Any], operation: Any) -> Function | None:
    import tensorflow as tf

    table, queries, default = operation.inputs
    handle = captures.get(_origin(table.op).name)
    if (
        handle is None
        or queries.dtype.name not in _KEYS
        or default.dtype.name not in _VALUES
        or default.shape.rank != 0
    ):
        return None
    keys, values = tf.raw_ops.LookupTableExportV2(table_handle=handle, Tkeys=queries.dtype, Tvalues=default.dtype)
    order = np.argsort(keys.numpy())
    return partial(_search, keys.numpy()[order], values.numpy()[order])


def _origin(operation: Any) -> Any:
    """Return the operation at the start of a chain of Identity operations."""
    while operation.type == "Identity":
        operation = operation.inputs[0].op
    return operation


def _search(keys: Array, values: Array, _: Any, queries: Any, default: Any) -> Any:
    """Return the values for ``queries``; ``keys`` are in ascending order."""
    import tensorflow as tf

    if not len(keys):
        return tf.zeros_like(queries, default.dtype) + default
    position = tf.zeros_like(queries, tf.int32)
    for bit in reversed(range((len(keys) - 1).bit_length())):
        further = position + 2**bit
        reached = tf.gather(keys, tf.minimum(further, len(keys) - 1)) <= queries
        position = tf.where((further < len(keys)) & reached, further, position)
    return tf.where(tf.gather(keys, position) == queries, tf.gather(values, position), default)
