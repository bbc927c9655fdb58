"""Rewrite of lists of tensors to dense tensors.

Loops over time steps then run on LiteRT with any batch size and number of steps. A list of n elements of shape s
becomes a tensor of shape (n, *s). LiteRT's converter does the same where s is constant, which a dynamic batch is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.compiler.graph.frozen import Graph
from lightship.compiler.graph.functions import Library
from lightship.compiler.graph.scopes import Scope, fill
from lightship.compiler.rewrites.loops.element_shapes import Untraceable, shape_of_elements
from lightship.compiler.rewrites.loops.list_types import Element, ListTypes


def apply(graph: Graph) -> bool:
    """Rewrite all lists; return False where there are none or one is unsupported."""
    definition = type(graph.definition)()
    definition.CopyFrom(graph.definition)
    library = Library(definition)
    library.prune()
    if not any(_is_list_operator(node) for scope in library.reachable() for node in scope.nodes):
        return False
    try:
        _rewrite(library)
    except Untraceable:
        return False
    graph.definition.CopyFrom(definition)
    return True


def _is_list_operator(node: Any) -> bool:
    return str(node.op).startswith(("TensorList", "EmptyTensorList"))


def _rewrite(library: Library) -> None:
    for scope in library.reachable():
        scope.remove_unused(_is_list_operator)
    shapes = _element_shapes(library)
    library.prune()
    types = ListTypes(library)
    found = [(scope, node) for scope in library.reachable() for node in scope.nodes if _is_list_operator(node)]
    elements = [types.element_at(scope, node) for scope, node in found]
    types.assign()
    for (scope, node), element in zip(found, elements, strict=True):
        if node.op not in _REPLACEMENTS:
            raise Untraceable(f"{node.op} has no equivalent")
        output, replace = _REPLACEMENTS[node.op]
        if node.attr["resize_if_index_out_of_bounds"].b:
            raise Untraceable(f"the list {node.name} grows")
        replace(_ListNode(scope, node, tuple(node.input), element, shapes.get((scope.name, node.name))))
        scope.redirect({scope.reference(node.name, output): scope.reference(node.name)})


def _element_shapes(library: Library) -> dict[tuple[str, str], str]:
    """Return references to reserved lists' element shapes, by function and node."""
    return {
        (scope.name, node.name): shape_of_elements(library, scope, node)
        for scope in library.reachable()  # also the functions that shape_of_elements adds
        for node in list(scope.nodes)
        if node.op == "TensorListReserve"
    }


@dataclass(frozen=True)
class _ListNode:
    """Node of a list operator during its replacement.

    Attributes:
        scope: the scope of the node.
        node: the node, which is replaced under the same name.
        inputs: the node's original inputs.
        element: dtype and shape of the list's elements.
        shape: the reference to the shape of the elements; only for a reserved list.
    """

    scope: Scope
    node: Any
    inputs: tuple[str, ...]
    element: Element
    shape: str | None

    def become(self, op: str, *inputs: str, **attributes: Any) -> None:
        """Turn the node into another node."""
        fill(self.node, op, self.node.name, inputs, **attributes)

    def add(self, op: str, suffix: str, *inputs: str, **attributes: Any) -> str:
        """Add a node before it, named below it."""
        return self.scope.add(op, f"{self.node.name}/{suffix}", inputs, **attributes)

    def constant(self, suffix: str, value: Any, dtype: Any = np.int32) -> str:
        """Add a constant, named below the node."""
        return self.scope.add_constant(f"{self.node.name}/{suffix}", value, dtype)


def _reserve(target: _ListNode) -> None:
    """Fill a tensor of the list's length and the elements' shape with zeros."""
    import tensorflow as tf

    if target.shape is None:
        raise Untraceable("a list without elements")
    one = target.constant("one", [1])
    length = target.add("Reshape", "length", target.inputs[1], one, T=tf.int32, Tshape=tf.int32)
    axis = target.constant("axis", 0)
    dims = target.add("ConcatV2", "dims", length, target.shape, axis, N=2, T=tf.int32, Tidx=tf.int32)
    zero = target.constant("zero", 0, target.element.dtype.as_numpy_dtype)
    target.become("Fill", dims, zero, T=target.element.dtype, index_type=tf.int32)


def _tensor(target: _ListNode) -> None:
    target.become("Identity", target.inputs[0], T=target.element.dtype)


def _get(target: _ListNode) -> None:
    import tensorflow as tf

    axis = target.constant("axis", 0)
    types = {"Tparams": target.element.dtype, "Tindices": tf.int32, "Taxis": tf.int32}
    target.become("GatherV2", *target.inputs[:2], axis, **types)


def _set(target: _ListNode) -> None:
    """Update one slice; LiteRT updates in place if nothing else reads the list."""
    import tensorflow as tf

    dtype = target.element.dtype
    axis = target.constant("axis", 0)
    item = target.add("ExpandDims", "slice", target.inputs[2], axis, T=dtype, Tdim=tf.int32)
    one = target.constant("one", [1])
    first = target.add("Reshape", "first", target.inputs[1], one, T=tf.int32, Tshape=tf.int32)
    shape = target.add("Shape", "shape", target.inputs[2], T=dtype, out_type=tf.int32)
    others = target.add("ZerosLike", "others", shape, output="y", T=tf.int32)  # constant where the rank is static
    start = target.add("ConcatV2", "start", first, others, axis, N=2, T=tf.int32, Tidx=tf.int32)
    target.become("XlaDynamicUpdateSlice", target.inputs[0], item, start, T=dtype, Tindices=tf.int32)


def _length(target: _ListNode) -> None:
    import tensorflow as tf

    shape = target.add("Shape", "shape", target.inputs[0], T=target.element.dtype, out_type=tf.int32)
    axis = target.constant("axis", 0)
    target.become("GatherV2", shape, axis, axis, Tparams=tf.int32, Tindices=tf.int32, Taxis=tf.int32)


# By operator: the name of its output, and the function that replaces it.
_REPLACEMENTS: dict[str, tuple[str, Callable[[_ListNode], None]]] = {
    "TensorListReserve": ("handle", _reserve),
    "TensorListFromTensor": ("output_handle", _tensor),
    "TensorListGetItem": ("item", _get),
    "TensorListSetItem": ("output_handle", _set),
    "TensorListStack": ("tensor", _tensor),
    "TensorListLength": ("length", _length),
}
