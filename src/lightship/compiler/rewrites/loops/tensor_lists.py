"""Lists of tensors become dense tensors, so that loops over time steps run on LiteRT with any batch and any time.

A list of n elements of shape s becomes a tensor of shape (n, *s). LiteRT's converter does the same where s is constant;
a batch of any size is not.
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
    """Rewrite the lists of a graph and of its functions; False where there are none, or not all can be rewritten."""
    definition = type(graph.definition)()
    definition.CopyFrom(graph.definition)
    library = Library(definition)
    library.prune()
    if not any(_is_of_lists(node) for scope in library.reachable() for node in scope.nodes):
        return False
    try:
        _rewrite(library)
    except Untraceable:
        return False
    graph.definition.CopyFrom(definition)
    return True


def _is_of_lists(node: Any) -> bool:
    return str(node.op).startswith(("TensorList", "EmptyTensorList"))


def _rewrite(library: Library) -> None:
    for scope in library.reachable():
        scope.remove_unused(_is_of_lists)
    shapes = _find_shapes(library)
    library.prune()
    types = ListTypes(library)
    found = [(scope, node) for scope in library.reachable() for node in scope.nodes if _is_of_lists(node)]
    elements = [types.element_at(scope, node) for scope, node in found]
    types.assign()
    for (scope, node), element in zip(found, elements, strict=True):
        if node.op not in _REPLACEMENTS:
            raise Untraceable(f"{node.op} has no equivalent")
        output, replace = _REPLACEMENTS[node.op]
        if node.attr["resize_if_index_out_of_bounds"].b:
            raise Untraceable(f"the list {node.name} grows")
        replace(_Place(scope, node, tuple(node.input), element, shapes.get((scope.name, node.name))))
        scope.redirect({scope.reference(node.name, output): scope.reference(node.name)})


def _find_shapes(library: Library) -> dict[tuple[str, str], str]:
    """Return the reference to the elements' shape for each list that is made empty, by function and node."""
    return {
        (scope.name, node.name): shape_of_elements(library, scope, node)
        for scope in library.reachable()  # also the functions that shape_of_elements adds
        for node in list(scope.nodes)
        if node.op == "TensorListReserve"
    }


@dataclass(frozen=True)
class _Place:
    """A node of a list's operator while it is replaced.

    Attributes:
        scope: where it is.
        node: what it becomes, under the same name.
        inputs: the references that it took.
        element: what is known of the list's elements.
        shape: the reference to the shape of the elements, of a list that is made empty.
    """

    scope: Scope
    node: Any
    inputs: tuple[str, ...]
    element: Element
    shape: str | None

    def become(self, op: str, *inputs: str, **attributes: Any) -> None:
        """Make another node of this one."""
        fill(self.node, op, self.node.name, inputs, **attributes)

    def add(self, op: str, word: str, *inputs: str, **attributes: Any) -> str:
        """Add a node before it."""
        return self.scope.add(op, f"{self.node.name}/{word}", inputs, **attributes)

    def constant(self, word: str, value: Any, dtype: Any = np.int32) -> str:
        """Add a constant."""
        return self.scope.add_constant(f"{self.node.name}/{word}", value, dtype)


def _reserve(place: _Place) -> None:
    """Fill a tensor of the list's length and the elements' shape with zeros."""
    import tensorflow as tf

    if place.shape is None:
        raise Untraceable("a list without elements")
    one = place.constant("one", [1])
    length = place.add("Reshape", "length", place.inputs[1], one, T=tf.int32, Tshape=tf.int32)
    axis = place.constant("axis", 0)
    dims = place.add("ConcatV2", "dims", length, place.shape, axis, N=2, T=tf.int32, Tidx=tf.int32)
    zero = place.constant("zero", 0, place.element.dtype.as_numpy_dtype)
    place.become("Fill", dims, zero, T=place.element.dtype, index_type=tf.int32)


def _tensor(place: _Place) -> None:
    place.become("Identity", place.inputs[0], T=place.element.dtype)


def _get(place: _Place) -> None:
    import tensorflow as tf

    axis = place.constant("axis", 0)
    types = {"Tparams": place.element.dtype, "Tindices": tf.int32, "Taxis": tf.int32}
    place.become("GatherV2", *place.inputs[:2], axis, **types)


def _set(place: _Place) -> None:
    """Write one slice; LiteRT does it in place where nothing else reads the list."""
    import tensorflow as tf

    dtype = place.element.dtype
    axis = place.constant("axis", 0)
    item = place.add("ExpandDims", "slice", place.inputs[2], axis, T=dtype, Tdim=tf.int32)
    one = place.constant("one", [1])
    first = place.add("Reshape", "first", place.inputs[1], one, T=tf.int32, Tshape=tf.int32)
    shape = place.add("Shape", "shape", place.inputs[2], T=dtype, out_type=tf.int32)
    others = place.add(
        "ZerosLike", "others", shape, output="y", T=tf.int32
    )  # constant where the number of dimensions is known
    start = place.add("ConcatV2", "start", first, others, axis, N=2, T=tf.int32, Tidx=tf.int32)
    place.become("XlaDynamicUpdateSlice", place.inputs[0], item, start, T=dtype, Tindices=tf.int32)


def _length(place: _Place) -> None:
    import tensorflow as tf

    shape = place.add("Shape", "shape", place.inputs[0], T=place.element.dtype, out_type=tf.int32)
    axis = place.constant("axis", 0)
    place.become("GatherV2", shape, axis, axis, Tparams=tf.int32, Tindices=tf.int32, Taxis=tf.int32)


# By operator: the name of its output, and what replaces it.
_REPLACEMENTS: dict[str, tuple[str, Callable[[_Place], None]]] = {
    "TensorListReserve": ("handle", _reserve),
    "TensorListFromTensor": ("output_handle", _tensor),
    "TensorListGetItem": ("item", _get),
    "TensorListSetItem": ("output_handle", _set),
    "TensorListStack": ("tensor", _tensor),
    "TensorListLength": ("length", _length),
}
