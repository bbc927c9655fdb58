"""Element dtypes of lists, propagated through calls and loops.

They are then assigned to the calls and signatures that pass the lists on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lightship.compiler.graph.functions import CALLS, LOOPS, Library
from lightship.compiler.graph.scopes import Scope, index_of
from lightship.compiler.rewrites.loops.element_shapes import Untraceable

VARIANT = 21  # DataType.DT_VARIANT, the type of a list
MAKERS = {"TensorListReserve": 0, "TensorListFromTensor": 1, "TensorListSetItem": None}
_UNCHANGED = ("Identity", "StopGradient", "PreventGradient", "ZerosLike")


@dataclass(frozen=True)
class Element:
    """Dtype and shape of a list's elements.

    An unknown size is -1; the shape is None if the rank is unknown.
    """

    dtype: Any
    shape: tuple[int, ...] | None


class ListTypes:
    """Elements of each list in a graph and its functions."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._arguments: dict[tuple[str, str], Element] = {}
        for scope in library.reachable():
            for node in scope.nodes:
                if node.op in CALLS:
                    self._record_arguments(scope, node)

    def element_at(self, scope: Scope, node: Any) -> Element:
        """Return the elements of the list that an operator makes or takes."""
        return self._created_element(scope, node) if node.op in MAKERS else self.element(scope, node.input[0])

    def element(self, scope: Scope, reference: str) -> Element:
        """Return the elements of a list by its reference; raises Untraceable."""
        node = scope.producer(reference)
        if node is None and (scope.name, reference) in self._arguments:
            return self._arguments[scope.name, reference]
        if node is not None and node.op in MAKERS:
            return self._created_element(scope, node)
        if node is not None and node.op in _UNCHANGED:
            return self.element(scope, node.input[0])
        if node is not None and node.op in LOOPS:
            return self.element(scope, node.input[index_of(reference)])
        if node is not None and node.op in CALLS:
            self._record_arguments(scope, node)
            inner = self._library.called_functions(node)[0]
            return self.element(inner, inner.result(index_of(reference)))
        raise Untraceable(f"the list {reference} has no type")

    def _created_element(self, scope: Scope, node: Any) -> Element:
        import tensorflow as tf

        dtype = tf.as_dtype(node.attr["element_dtype"].type)
        position = MAKERS[node.op]
        if position is None:
            return Element(dtype, self.element(scope, node.input[0]).shape)
        sizes = scope.constant(node.input[position])
        return Element(dtype, tuple(map(int, sizes)) if sizes is not None and sizes.ndim == 1 else None)

    def _record_arguments(self, scope: Scope, node: Any) -> None:
        """Record the elements of the lists that a call passes to functions."""
        call = CALLS[node.op]
        for position, dtype in enumerate(node.attr[call.inputs].list.type):
            if dtype != VARIANT:
                continue
            element = self.element(scope, node.input[call.skipped + position])
            for inner in self._library.called_functions(node):
                key = inner.name, inner.arguments[position]
                if self._arguments.setdefault(key, element).dtype != element.dtype:
                    raise Untraceable(f"{inner.name} gets lists of different types")

    def assign(self) -> None:
        """Replace the list dtype by the element dtype in calls and signatures."""
        for scope in self._library.reachable():
            for node in scope.nodes:
                if node.op in CALLS:
                    self._assign_call(scope, node)
                elif node.op in _UNCHANGED and node.attr["T"].type == VARIANT:
                    node.attr["T"].type = self.element(scope, node.input[0]).dtype.as_datatype_enum
            if scope.function is not None:
                self._assign_signature(scope)

    def _assign_call(self, scope: Scope, node: Any) -> None:
        call = CALLS[node.op]
        outputs = {
            position: self.element(scope, scope.reference(node.name, index=position))
            for position, dtype in enumerate(node.attr[call.outputs].list.type)
            if dtype == VARIANT
        }
        for position, dtype in enumerate(node.attr[call.inputs].list.type):
            if dtype == VARIANT:
                element = self.element(scope, node.input[call.skipped + position])
                node.attr[call.inputs].list.type[position] = element.dtype.as_datatype_enum
        for position, element in outputs.items():
            node.attr[call.outputs].list.type[position] = element.dtype.as_datatype_enum
            if "output_shapes" in node.attr and node.attr["output_shapes"].list.shape:
                _assign_shape(node.attr["output_shapes"].list.shape[position], element)
        node.ClearField("experimental_type")

    def _assign_signature(self, scope: Scope) -> None:
        signature, attributes = scope.function.signature, scope.function.arg_attr
        for position, argument in enumerate(signature.input_arg):
            if argument.type == VARIANT:
                argument.type = self.element(scope, argument.name).dtype.as_datatype_enum
                argument.ClearField("experimental_full_type")
                attributes.pop(position, None)
        for result in signature.output_arg:
            if result.type == VARIANT:
                result.type = self.element(scope, scope.function.ret[result.name]).dtype.as_datatype_enum
                result.ClearField("experimental_full_type")


def _assign_shape(shape: Any, element: Element) -> None:
    shape.Clear()
    if element.shape is None:
        shape.unknown_rank = True
    else:
        for size in (-1, *element.shape):
            shape.dim.add(size=size)
