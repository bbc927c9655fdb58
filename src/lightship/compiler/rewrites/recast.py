"""Rewrite of float16, bfloat16 and float64 to float32, in which LiteRT computes.

The signature's own tensors keep their types: inputs and outputs are cast at the border of the graph. A value beyond
float16's range is infinite in the original and finite here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lightship.compiler.graph.frozen import Graph, add_node, rename_inputs, unused_name
from lightship.graphs.messages import function_defs

DTYPES = ("bfloat16", "float16", "float64")  # the coarsest first
# Operators that LiteRT supports for every floating-point type.
_MOVES = frozenset({"Placeholder", "Const", "Cast", "Identity", "PartitionedCall", "StatefulPartitionedCall"})
_BITS = frozenset({"Bitcast", "DecodeRaw", "DecodePaddedRaw"})  # results depend on the binary representation


def apply(graph: Graph, *, dtype: str) -> bool:
    """Compute in float32 instead of ``dtype``; return whether the graph changed."""
    import tensorflow as tf

    old, new = tf.as_dtype(dtype).as_datatype_enum, tf.float32.as_datatype_enum
    users = {node.op for nodes in graph.bodies() for node in nodes if old in _types(node)}
    if not users - _MOVES or users & _BITS:
        return False
    outputs = _outputs_of_type(graph, tf.as_dtype(dtype))
    borders = {node.name for node in graph.definition.node if node.op == "Placeholder" and old in _types(node)}
    for nodes in graph.bodies():
        for node in nodes:
            if node.op != "Placeholder":
                for value in node.attr.values():
                    _recast_value(value, old, new)
    for function in function_defs(graph.definition):
        _recast_signature(function, old, new)
    for name in sorted(borders):
        _cast_input(graph, name, old, new)
    for name in outputs:
        _cast_output(graph, name, old, new, borders)
    return True


def _types(node: Any) -> set[int]:
    """Return the data types that a node's attributes name."""
    found = {number for value in node.attr.values() for number in (value.type, value.tensor.dtype, *value.list.type)}
    return found - {0}


def _outputs_of_type(graph: Graph, dtype: Any) -> list[str]:
    import tensorflow as tf

    with tf.Graph().as_default() as inside:
        tf.import_graph_def(graph.definition, name="")
        tensors = {name: inside.get_tensor_by_name(tensor) for name, tensor in graph.outputs.items()}
    return [name for name, tensor in tensors.items() if tensor.dtype == dtype]


def _recast_signature(function: Any, old: int, new: int) -> None:
    for argument in (*function.signature.input_arg, *function.signature.output_arg):
        if argument.type == old:
            argument.type = new
    for value in _values_of(function):
        _recast_value(value, old, new)


def _values_of(function: Any) -> Iterator[Any]:
    yield from function.attr.values()
    for attributes in function.arg_attr.values():
        yield from attributes.attr.values()


def _recast_value(value: Any, old: int, new: int) -> None:
    if value.type == old:
        value.type = new
    if old in value.list.type:
        value.list.type[:] = [new if number == old else number for number in value.list.type]
    if value.tensor.dtype == old:
        value.tensor.CopyFrom(_in_float32(value.tensor))


def _in_float32(tensor: Any) -> Any:
    """Return a constant as float32: finite stays finite, non-zero stays non-zero."""
    import tensorflow as tf

    array = np.asarray(tf.make_ndarray(tensor), np.float64)
    limits = np.finfo(np.float32)
    bounded = np.where(np.isfinite(array), np.clip(array, limits.min, limits.max), array)
    tiny = (array != 0) & (np.abs(array) < limits.tiny)
    return tf.make_tensor_proto(np.where(tiny, np.copysign(limits.tiny, array), bounded).astype(np.float32))


def _cast_input(graph: Graph, name: str, old: int, new: int) -> None:
    cast = unused_name(graph, f"{name}_float32")
    rename_inputs(graph.definition.node, {name: cast, f"{name}:0": cast})
    _add_cast(graph, cast, name, old, new)


def _cast_output(graph: Graph, name: str, old: int, new: int, borders: set[str]) -> None:
    source = graph.outputs[name]
    if source.partition(":")[0] not in borders:
        cast = unused_name(graph, f"{source.replace(':', '_')}_original")
        _add_cast(graph, cast, source, new, old)
        graph.outputs[name] = f"{cast}:0"


def _add_cast(graph: Graph, name: str, source: str, old: int, new: int) -> None:
    node = add_node(graph.definition.node, "Cast", name, [source])
    node.attr["SrcT"].type, node.attr["DstT"].type = old, new
