"""Compare what a Keras model exports with the model itself, before a converter is blamed: exports can be wrong.

Keras's TimeDistributed computes other values in a graph of unknown time steps than ``model.predict`` does.
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
    """Return how far the answers of ``run`` are from the recorded ones, as a sentence; empty where they agree."""
    for inputs, expected in batches:
        try:
            actual = run(inputs)
            for name, array in expected.items():
                compare(Output("export", name), array, actual[name])
        except (EngineError, ParityError) as error:
            return error.message
    return ""


def fixed_shapes(shapes: Sequence[Sequence[int | None]], arrays: Sequence[Array]) -> list[tuple[int | None, ...]]:
    """Return shapes with the arrays' sizes for all unknown dimensions but the first, which is the batch."""
    return [
        tuple(array.shape[index] if size is None and index else size for index, size in enumerate(shape))
        for shape, array in zip(shapes, arrays, strict=True)
    ]


def first_wrong_layer(package: Any, model: Any, tensors: Sequence[Any], shapes: Sequence[Sequence[int | None]]) -> str:
    """Return name and class of the first layer whose output is another one in a graph; empty where none is found.

    ``package`` is ``keras`` or ``tf_keras``; ``tensors`` are one batch, ``shapes`` those that the graph is traced with.
    """
    import tensorflow as tf

    specs = [tf.TensorSpec(shape, tensor.dtype) for shape, tensor in zip(shapes, model.inputs, strict=True)]
    constants = [tf.constant(tensor) for tensor in tensors]
    for layer in filter(_single, model.layers):
        if _wrong(package.Model(model.inputs, layer.output), specs, constants):
            return f"'{layer.name}' ({type(layer).__name__})"
    return ""


def _wrong(partial: Any, specs: Sequence[Any], constants: Sequence[Any]) -> bool:
    """Return whether a model answers otherwise in a graph than without, or fails there."""
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
    except (AttributeError, ValueError):  # never called, or called on several inputs
        return False
