"""Common interface to the nodes of a graph and of its library's functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lightship.tensors import Array


class Scope:
    """Top level of a GraphDef, or one FunctionDef.

    A reference is the name of a tensor as nodes of this scope take it: ``node`` or ``node:1`` at the top level;
    ``node:output:0``, or the argument's own name, in a function.
    """

    def __init__(self, nodes: Any, function: Any = None) -> None:
        self.nodes = nodes
        self.function = function
        self.name: str = "" if function is None else function.signature.name
        self.arguments = [] if function is None else [argument.name for argument in function.signature.input_arg]
        self._by_name = {node.name: node for node in nodes}

    def producer(self, reference: str) -> Any | None:
        """Return the node that computes a tensor; None for a function's argument."""
        return self._by_name.get(name_of(reference))

    def consumers(self, reference: str) -> Iterator[tuple[Any, int]]:
        """Yield the nodes that take a tensor, each with the input's position."""
        for node in self.nodes:
            for position, taken in enumerate(node.input):
                if taken == reference:
                    yield node, position

    def constant(self, reference: str) -> Array | None:
        """Return the value of a constant tensor; None for a computed one."""
        import tensorflow as tf

        node = self.producer(reference)
        while node is not None and node.op == "Identity":
            node = self.producer(node.input[0])
        if node is None or node.op != "Const":
            return None
        value: Array = tf.make_ndarray(node.attr["value"].tensor)
        return value

    def reference(self, name: str, output: str = "output", index: int = 0) -> str:
        """Return the reference to a node's output; ``output`` is its name in the OpDef."""
        if self.function is not None:
            return f"{name}:{output}:{index}"
        return f"{name}:{index}" if index else name

    def result(self, index: int) -> str:
        """Return the reference to the function's result with this index."""
        reference: str = self.function.ret[self.function.signature.output_arg[index].name]
        return reference

    def add(self, op: str, name: str, inputs: Sequence[str], *, output: str = "output", **attributes: Any) -> str:
        """Append a node unless it exists; return the reference to its first output.

        ``output`` is that output's name in the operator's definition.
        """
        if name in self._by_name:
            return self.reference(name, output)
        node = self.nodes.add()
        fill(node, op, name, inputs, **attributes)
        self._by_name[name] = node
        return self.reference(name, output)

    def add_constant(self, name: str, value: Any, dtype: Any = np.int32) -> str:
        """Append a constant; return the reference to it."""
        import tensorflow as tf

        tensor = tf.make_tensor_proto(value, dtype=dtype)
        return self.add("Const", name, [], dtype=tf.as_dtype(dtype), value=tensor)

    def remove_unused(self, chosen: Callable[[Any], bool]) -> None:
        """Remove ``chosen`` nodes with unused outputs, until there are none."""
        returned = [] if self.function is None else [*self.function.ret.values(), *self.function.control_ret.values()]
        while True:
            taken = {name_of(each) for each in (*returned, *(each for node in self.nodes for each in node.input))}
            unused = [index for index, node in enumerate(self.nodes) if node.name not in taken and chosen(node)]
            if not unused:
                return
            for index in reversed(unused):
                del self._by_name[self.nodes[index].name], self.nodes[index]

    def redirect(self, replaced: dict[str, str]) -> None:
        """Replace references in inputs and results; ``replaced`` maps old to new ones."""
        for node in self.nodes:
            for position, taken in enumerate(node.input):
                node.input[position] = replaced.get(taken, taken)
        if self.function is not None:
            for key, taken in self.function.ret.items():
                self.function.ret[key] = replaced.get(taken, taken)


def name_of(reference: str) -> str:
    """Return the name of the node in a reference or a control input."""
    return reference.removeprefix("^").split(":")[0]


def index_of(reference: str) -> int:
    """Return the index of an output, where the node has one list of outputs."""
    last = reference.rpartition(":")[2]
    return int(last) if ":" in reference else 0


def fill(node: Any, op: str, name: str, inputs: Sequence[str], **attributes: Any) -> None:
    """Turn a NodeDef into another node."""
    node.Clear()
    node.op, node.name = op, name
    node.input.extend(inputs)
    for key, value in attributes.items():
        _assign(node.attr[key], value)


def _assign(attribute: Any, value: Any) -> None:
    """Assign a dtype, a list of dtypes, an integer, a tensor or a function's name."""
    import tensorflow as tf

    if isinstance(value, tf.DType):
        attribute.type = value.as_datatype_enum
    elif isinstance(value, list):
        attribute.list.type.extend(value)
    elif isinstance(value, str):
        attribute.func.name = value
    elif isinstance(value, int):
        attribute.i = value
    else:
        attribute.tensor.CopyFrom(value)
