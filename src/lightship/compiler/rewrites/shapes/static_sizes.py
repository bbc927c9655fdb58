"""Rewrite of reshapes whose static sizes LiteRT's converter loses.

An example is the number of channels of an image of any height and width.
"""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.replacement import Function, Rule


def _reshape(operation: Any) -> Function | None:
    """Return a reshape with static sizes as constants.

    Returns None unless the sizes come from a ConcatV2 and one of them is static.
    """
    import tensorflow as tf

    shape = operation.outputs[0].shape
    if operation.inputs[1].op.type != "ConcatV2" or not shape.rank or not any(shape):
        return None
    sizes = shape.as_list()

    def function(values: Any, dims: Any) -> Any:
        target = [dims[axis] if size is None else tf.constant(size, dims.dtype) for axis, size in enumerate(sizes)]
        return tf.reshape(values, tf.stack(target))

    return function


RULES: dict[str, Rule] = {"Reshape": _reshape}
