"""Cost of a compiled gradient: points of one call, and steps of one row.

They depend on the model's sizes only, not on this machine, so that equal compiles have equal bundles.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from lightship.compiler.attributions.path import ENDS, Differentiable, Underivable, values
from lightship.explain.compiled import STEPS

MOST_POINTS = 32
MODEL_BYTES = 32 * 1024**2  # of model.tflite: the gradient holds its weights twice

# Of all tensors of the prediction. About a third of them is kept for the gradient, whose own take as much again.
_CALL_BYTES = 640 * 1024**2
_CALL_PRODUCTS = 4e9  # multiplications of one call
_ROW_PRODUCTS = 1e11  # multiplications of all calls for one row: a few seconds
_BACK = 3  # prediction and gradient take about three times the multiplications of the prediction
_PRODUCTS = {
    "Conv2D": slice(0, 3),
    "Conv3D": slice(0, 4),
    "Conv2DBackpropInput": slice(0, 3),
    "DepthwiseConv2dNative": slice(0, 2),
    "MatMul": slice(-2, -1),
    "BatchMatMulV2": slice(-2, -1),
}
"""The sizes of an operator's second input whose product is the number of products in one element of the output."""


class Cost(NamedTuple):
    """Points of one call, and the most steps of one row: powers of two."""

    points: int
    steps: int


def affordable(model: Differentiable) -> Cost:
    """Return the cost; raises Underivable for a model that is too large."""
    size, products = _of_one_point(model)
    points = min(_CALL_BYTES / max(1, size), _CALL_PRODUCTS / _BACK / max(1, products)) - len(ENDS)
    steps = _ROW_PRODUCTS / _BACK / max(1, products)
    if points < 1 or steps < STEPS[0]:
        raise Underivable(
            f"one row takes {size / 1024**2:,.0f} MiB and {products / 1e9:.2g} billion multiplications, too many for "
            f"{STEPS[0]} evaluations"
        )
    return Cost(*(min(most, 2 ** int(math.log2(each))) for most, each in ((MOST_POINTS, points), (STEPS[-1], steps))))


def _of_one_point(model: Differentiable) -> tuple[int, int]:
    """Return bytes of all tensors and the number of multiplications for one row."""
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        values(model, [tf.compat.v1.placeholder(tf.float32, (1, *shape)) for shape in model.shapes])
    operations = [operation for operation in graph.get_operations() if operation.type != "Const"]
    tensors = [tensor for operation in operations for tensor in operation.outputs]
    return sum(map(_bytes, tensors)), sum(map(_products, operations))


def _bytes(tensor: Any) -> int:
    return int(tensor.shape.num_elements() or 0) * int(tensor.dtype.size or 1)


def _products(operation: Any) -> int:
    part = _PRODUCTS.get(operation.type)
    if part is None:
        return 0
    sizes: list[int | None] = operation.inputs[1].shape.as_list()[part]
    return int(operation.outputs[0].shape.num_elements() or 0) * math.prod(size or 1 for size in sizes)
