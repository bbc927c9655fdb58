"""Frozen graph whose outputs can be differentiated by its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lightship.compiler.attributions import derivatives
from lightship.compiler.attributions.path import Differentiable, Underivable
from lightship.compiler.graph.frozen import Graph, freeze
from lightship.compiler.graph.functions import LOOPS
from lightship.compiler.graph.scopes import name_of
from lightship.tensors import Array, Signature

_SHAPES = "_output_shapes"  # shapes for batches of any size, which the ones of a fixed size contradict


def differentiable(
    folder: Path, signature: Signature, inputs: Mapping[str, Array], outputs: Mapping[str, Array]
) -> Differentiable:
    """Return the graph of one signature of a SavedModel.

    ``inputs`` and ``outputs`` are recorded rows, as the SavedModel takes and returns them. Raises Underivable.
    """
    _check_inputs(signature, inputs)
    rows = len(next(iter(inputs.values())))
    numbers = {
        name: int(np.prod(array.shape[1:]))
        for name, array in outputs.items()
        if array.dtype.kind == "f" and array.shape[:1] == (rows,) and array.size
    }
    if not numbers:
        raise Underivable("it has no output of floating-point numbers")
    (graph,) = freeze(folder, [signature.name])
    if any(node.op in LOOPS for nodes in graph.bodies() for node in nodes):
        raise Underivable("it has a loop, as recurrent layers have")
    names = tuple(graph.inputs)
    shapes = tuple(_row_shape(graph, name, inputs[name]) for name in names)
    derivatives.forget(graph.definition)
    for node in graph.definition.node:
        node.attr.pop(_SHAPES, None)
    return Differentiable(graph, names, shapes, numbers)


def _check_inputs(signature: Signature, inputs: Mapping[str, Array]) -> None:
    if signature.independent_rows is False or not all(spec.batched for spec in signature.inputs):
        raise Underivable("its rows depend on each other, or their number is fixed")
    for name, array in inputs.items():
        if array.dtype.kind != "f":
            described = "strings" if array.dtype.kind == "O" else array.dtype.name
            own = any(spec.name == name for spec in signature.inputs)
            subject = f"its input '{name}'" if own else "what its preprocessing returns"
            raise Underivable(f"{subject} is {described}: only floating-point numbers change smoothly")


def _row_shape(graph: Graph, name: str, recorded: Array) -> tuple[int, ...]:
    """Return the shape of a row, which must be that of every row."""
    placeholder = name_of(graph.inputs[name])
    node: Any = next(node for node in graph.definition.node if node.name == placeholder)
    sizes = [size.size for size in node.attr["shape"].shape.dim][1:]
    if len(sizes) != recorded.ndim - 1 or -1 in sizes:
        raise Underivable(f"the rows of its input '{name}' have no fixed size")
    return tuple(sizes)
