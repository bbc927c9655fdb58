"""Comparison of a Keras model's export with the model itself.

It runs before the conversion, so that a wrong export is not reported as a wrong conversion. For example, Keras's
TimeDistributed computes other values than ``model.predict`` in a graph with unknown time steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lightship.compiler.sources.base import Batch
from lightship.compiler.verification.parity import Output, compare
from lightship.errors import EngineError, ParityError
from lightship.tensors import Array

Tensors = Mapping[str, Array]


def difference(run: Callable[[Tensors], Tensors], batches: Sequence[Batch]) -> str:
    """Return how the outputs of ``run`` differ from the recorded ones.

    Empty where they agree.
    """
    for inputs, expected in batches:
        try:
            actual = run(inputs)
            for name, array in expected.items():
                compare(Output("export", name), array, actual[name])
        except (EngineError, ParityError) as error:
            return error.message
    return ""


def fixed_shapes(shapes: Sequence[Sequence[int | None]], arrays: Sequence[Array]) -> list[tuple[int | None, ...]]:
    """Return the shapes with the arrays' sizes for unknown dimensions.

    The first dimension, which is the batch, stays unknown.
    """
    return [
        tuple(array.shape[index] if size is None and index else size for index, size in enumerate(shape))
        for shape, array in zip(shapes, arrays, strict=True)
    ]


def first_wrong_layer(package: Any, model: Any, tensors: Sequence[Any], shapes: Sequence[Sequence[int | None]]) -> str:
    """Return the name and class of the first layer whose output is wrong in a graph.

    Empty where none is. ``package`` is ``keras`` or ``tf_keras``; ``tensors`` are one batch; the graph is traced with
    ``shapes``.
    """
    import tensorflow as tf

    specs = [tf.TensorSpec(shape, tensor.dtype) for shape, tensor in zip(shapes, model.inputs, strict=True)]
    constants = [tf.constant(tensor) for tensor in tensors]
    for layer in filter(_single, model.layers):
        if _wrong(package.Model(model.inputs, layer.output), specs, constants):
            return f"'{layer.name}' ({type(layer).__name__})"
    return ""


def _wrong(partial: Any, specs: Sequence[Any], constants: Sequence[Any]) -> bool:
    """Return whether a model fails or computes other values in a graph."""
    import tensorflow as tf

    expected = partial(constants, training=False)
    try:
        traced = tf.function(lambda given: partial(given, training=False), autograph=False)
        return _differ(expected.numpy(), traced.get_concrete_function(specs)(constants).numpy())
    except (tf.errors.OpError, ValueError, TypeError):
        return True


def _differ(expected: Array, actual: Array) -> bool:
    try:
        compare(Output("export", "output"), expected, actual)
    except ParityError:
        return True
    return False


def _single(layer: Any) -> bool:
    """Return whether a layer has one output that is a tensor."""
    try:
        return hasattr(layer.output, "shape") and type(layer).__name__ != "InputLayer"
    except (AttributeError, ValueError):  # never called, or called more than once
        return False
