"""Reshapes whose known sizes LiteRT's converter loses, such as the channels of an image of any height and width."""

from __future__ import annotations

from typing import Any

from lightship.compiler.graph.replacement import Function, Rule


def _reshape(operation: Any) -> Function | None:
    """Return a reshape to a list of sizes in which known ones are constants, where the sizes are concatenated."""
    import tensorflow as tf

    shape = operation.outputs[0].shape
    if operation.inputs[1].op.type != "ConcatV2" or not shape.rank or not any(shape):
        return None
    sizes = shape.as_list()

    def function(values: Any, dims: Any) -> Any:
        known = [dims[place] if size is None else tf.constant(size, dims.dtype) for place, size in enumerate(sizes)]
        return tf.reshape(values, tf.stack(known))

    return function


RULES: dict[str, Rule] = {"Reshape": _reshape}
