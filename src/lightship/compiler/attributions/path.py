"""TensorFlow function that integrates a model's gradient along a path.

The path is the straight line from a baseline row to a row: integrated gradients (Sundararajan, Taly and Yan, 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lightship.compiler.attributions import derivatives
from lightship.compiler.graph import replacement
from lightship.compiler.graph.frozen import Graph
from lightship.compiler.graph.scopes import name_of
from lightship.compiler.rewrites.arithmetic import mathematics
from lightship.graphs.messages import function_defs

ENDS = (0.0, 1.0)  # the baseline and the row, evaluated with every call


class Underivable(Exception):
    """Model without a compiled gradient; the message is the reason."""


@dataclass(frozen=True)
class Differentiable:
    """Frozen graph of a signature whose inputs are floating-point rows.

    Attributes:
        graph: without placeholders of the inputs.
        inputs: names of the inputs, in the order of the function's arguments.
        shapes: the shape of one row, by input.
        outputs: how many numbers one row of an output has, in the order of the target's index.
    """

    graph: Graph
    inputs: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    outputs: Mapping[str, int]

    def with_derivatives(self) -> Differentiable:
        """Return the model with gradients made of operators that LiteRT has."""
        definition = _copied(self.graph.definition)
        derivatives.choose(definition)
        graph = replace(self.graph, definition=definition)
        _approximate(graph)
        return replace(self, graph=graph)


def _approximate(graph: Graph) -> None:
    """Approximate functions that LiteRT lacks, with the functions' own derivatives."""
    nodes = {node.name: node for node in graph.definition.node if node.op in mathematics.ERRORS}
    chosen = {name: node.attr[derivatives.CHOSEN].s for name, node in nodes.items()}
    replacement.replace(graph, mathematics.ERRORS)
    for name, node in nodes.items():
        node.attr[derivatives.CHOSEN].s = chosen[name]


def _copied(definition: Any) -> Any:
    copy = type(definition)()
    copy.CopyFrom(definition)
    return copy


def integral(model: Differentiable, points: int) -> Any:
    """Return the concrete function of one part of the integral, for one row.

    Its arguments are ``row_0`` and ``baseline_0`` [1, ...] and so on for each input, ``nodes`` and ``weights``
    [points] of the quadrature on [0, 1], and ``target`` [1], the index of the explained number among those of all
    outputs. It returns ``gradient_0`` [1, ...] and so on, summed with the weights, ``prediction`` and ``base`` [1],
    ``numbers`` [points], the explained one at each node, and ``changes`` [points], by how much each node's gradient and
    weight change it from the baseline to the row.

    Raises LookupError for an operator without gradient, or Underivable where no input has an influence.
    """
    import tensorflow as tf

    count = len(model.inputs)
    rows = [tf.TensorSpec((1, *shape), tf.float32, f"row_{i}") for i, shape in enumerate(model.shapes)]
    baselines = [tf.TensorSpec((1, *shape), tf.float32, f"baseline_{i}") for i, shape in enumerate(model.shapes)]
    nodes, weights = (tf.TensorSpec([points], tf.float32, name) for name in ("nodes", "weights"))

    def call(*arguments: Any) -> dict[str, Any]:
        steps = [row - base for row, base in zip(arguments[:count], arguments[count : 2 * count], strict=True)]
        alphas, shares, target = arguments[2 * count :]
        alphas, shares = tf.concat([alphas, ENDS], 0), tf.concat([shares, [0.0, 0.0]], 0)
        line = [_line(base, step, alphas) for base, step in zip(arguments[count : 2 * count], steps, strict=True)]
        numbers = values(model, line)
        chosen = tf.one_hot(target, numbers.shape[1])
        slopes = tf.gradients(numbers, line, grad_ys=tf.reshape(shares, [-1, 1]) * chosen)
        if all(slope is None for slope in slopes):
            raise Underivable("no output changes smoothly with an input")
        explained = tf.reduce_sum(numbers * chosen, 1)
        changes = tf.add_n(
            [_changes(slope, step) for slope, step in zip(slopes, steps, strict=True) if slope is not None]
        )
        gradients = {f"gradient_{number}": _sum(slope, steps[number]) for number, slope in enumerate(slopes)}
        ends = {"base": explained[points : points + 1], "prediction": explained[points + 1 :]}
        return {**ends, "numbers": explained[:points], "changes": changes[:points], **gradients}

    specs = [*rows, *baselines, nodes, weights, tf.TensorSpec([1], tf.int32, "target")]
    return tf.function(call, autograph=False, input_signature=specs).get_concrete_function()


def _line(base: Any, step: Any, alphas: Any) -> Any:
    import tensorflow as tf

    return base + tf.reshape(alphas, [-1] + [1] * (len(step.shape) - 1)) * step


def _sum(slope: Any, like: Any) -> Any:
    """Return the sum over all points; zeros for an input without influence."""
    import tensorflow as tf

    return tf.zeros_like(like) if slope is None else tf.reduce_sum(slope, 0, keepdims=True)


def _changes(slope: Any, step: Any) -> Any:
    """Return the change by the gradient of each point, [points]."""
    import tensorflow as tf

    return tf.reduce_sum(slope * step, list(range(1, len(step.shape))))


def values(model: Differentiable, line: list[Any]) -> Any:
    """Return all numbers of all outputs for some points, [points, numbers] in float32.

    ``line`` are the inputs [points, ...] in float32.
    """
    import tensorflow as tf

    graph, points = model.graph, line[0].shape[0]
    dtypes = {node.name: node.attr["dtype"].type for node in graph.definition.node if node.op == "Placeholder"}
    replaced = [name_of(graph.inputs[name]) for name in model.inputs]
    definition = type(graph.definition)(versions=graph.definition.versions)
    function_defs(definition).extend(function_defs(graph.definition))
    definition.node.extend(node for node in graph.definition.node if node.name not in replaced)
    tensors = {f"{name}:0": tf.cast(tensor, dtypes[name]) for name, tensor in zip(replaced, line, strict=True)}
    wanted = [graph.outputs[name] for name in model.outputs]
    outputs = tf.import_graph_def(definition, input_map=tensors, return_elements=wanted, name="model")
    flat = [tf.reshape(tf.cast(output, tf.float32), [points, -1]) for output in outputs]
    return flat[0] if len(flat) == 1 else tf.concat(flat, 1)


def save(function: Any, folder: Path, *, signature: str) -> None:
    """Write a SavedModel with one signature."""
    import tensorflow as tf

    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(tf.Module(), str(folder), signatures={signature: function}, options=options)
