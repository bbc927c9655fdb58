"""Calls of a loaded SavedModel's concrete functions with tensors by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The first argument of TensorFlow's ``__call__``: a keyword argument cannot have this name.
_RESERVED_NAME = "self"


def call(function: Any, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's outputs by name; tensors may have any name, even ``self``."""
    if _RESERVED_NAME not in tensors:
        return dict(function(**tensors))
    import tensorflow as tf

    ordered = tf.nest.flatten(dict(tensors))  # by name, as TensorFlow orders a function's keyword arguments
    outputs = tf.raw_ops.StatefulPartitionedCall(
        args=[*ordered, *function.captured_inputs], Tout=[tensor.dtype for tensor in function.outputs], f=function
    )
    return dict(tf.nest.pack_sequence_as(function.structured_outputs, outputs))
