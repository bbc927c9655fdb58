"""Frozen graph of a signature: read from a SavedModel, and saved as one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightship.graphs.messages import function_defs


class Unfreezable(Exception):
    """Graph whose variables TensorFlow cannot replace by constants."""


@dataclass
class Graph:
    """One signature as a GraphDef without variables.

    Attributes:
        name: the signature's name.
        definition: the GraphDef; its library holds the functions that loops and branches call.
        inputs: tensor names in ``definition`` by input name, as ``x:0``.
        outputs: tensor names in ``definition`` by output name.
        captures: handles of tables by the name of their placeholder in ``definition``.
        loaded: the SavedModel, kept because TensorFlow deletes the tables with it.
        tables: TensorFlow's objects for those captures that the graph is saved with.
    """

    name: str
    definition: Any
    inputs: dict[str, str]
    outputs: dict[str, str]
    captures: dict[str, Any] = field(default_factory=dict)
    loaded: Any = None
    tables: dict[str, Any] = field(default_factory=dict)

    def bodies(self) -> Iterator[Any]:
        """Yield the repeated node field of the graph, then of each library function."""
        yield self.definition.node
        for function in function_defs(self.definition):
            yield function.node_def

    def needed_captures(self) -> list[str]:
        """Return the captures that outputs depend on."""
        return sorted(self.captures.keys() & _ancestors(self.definition.node, self.outputs.values()))


def _ancestors(nodes: Iterable[Any], tensors: Iterable[str]) -> set[str]:
    """Return the names of the nodes that tensors depend on."""
    sources = {node.name: node.input for node in nodes}
    found: set[str] = set()
    waiting = list(tensors)
    while waiting:
        name = waiting.pop().lstrip("^").partition(":")[0]
        if name not in found:
            found.add(name)
            waiting.extend(sources[name])
    return found


def freeze(folder: Path, signatures: Sequence[str]) -> list[Graph]:
    """Return the graphs of signatures without variables; raises Unfreezable.

    Loops and branches stay calls of functions.
    """
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    return [_freeze(name, loaded) for name in signatures]


def _freeze(name: str, loaded: Any) -> Graph:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    function = loaded.signatures[name]
    _, arguments = function.structured_input_signature
    try:
        constant = convert_variables_to_constants_v2(function, lower_control_flow=False)
    except Exception as error:  # TensorFlow's converter raises errors of any type
        raise Unfreezable(str(error)) from None
    # Inputs of a frozen function are named after the signature's arguments, in the order of the traced function.
    names = {tensor.name: tensor.op.name for tensor in constant.inputs}
    by_argument = {spec.name or key: key for key, spec in arguments.items()}
    captures = {inside.op.name: outside for outside, inside in function.graph.captures if inside.name in names}
    inputs = {by_argument.get(name, name): tensor for tensor, name in names.items() if name not in captures}
    outputs = dict(zip(sorted(function.structured_outputs), (tensor.name for tensor in constant.outputs), strict=True))
    return Graph(name, constant.graph.as_graph_def(), inputs, outputs, captures, loaded)


def save(graphs: Sequence[Graph], folder: Path) -> None:
    """Write graphs as the signatures of a SavedModel."""
    import tensorflow as tf

    functions = {graph.name: _function(graph) for graph in graphs}
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    module = tf.Module()
    module.tables = [table for graph in graphs for table in graph.tables.values()]
    tf.saved_model.save(module, str(folder), signatures=functions, options=options)


def _function(graph: Graph) -> Any:
    import tensorflow as tf

    definition = _renamed(graph.definition)
    imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), [])
    inside = imported.graph
    pruned = imported.prune(
        [
            inside.as_graph_element(tensor)
            for tensor in (*graph.inputs.values(), *(f"{name}:0" for name in graph.tables))
        ],
        [inside.as_graph_element(tensor) for tensor in graph.outputs.values()],
    )
    specs = [
        tf.TensorSpec(tensor.shape, tensor.dtype, name=name)
        for name, tensor in zip(graph.inputs, pruned.inputs, strict=False)  # handles of tables come last
    ]

    def call(*arrays: Any) -> dict[str, Any]:
        tables = [table.resource_handle for table in graph.tables.values()]
        return dict(zip(graph.outputs, pruned(*arrays, *tables), strict=True))

    return tf.function(call, autograph=False, input_signature=specs).get_concrete_function()


def _renamed(definition: Any) -> Any:
    """Return a copy with unique function names, which are global in a process."""
    copy = type(definition)()
    copy.CopyFrom(definition)
    digest = hashlib.sha256(definition.SerializeToString(deterministic=True)).hexdigest()[:16]
    names = {function.signature.name: f"{function.signature.name}_{digest}" for function in function_defs(copy)}
    for function in function_defs(copy):
        function.signature.name = names[function.signature.name]
    for nodes in (copy.node, *(function.node_def for function in function_defs(copy))):
        for value in (value for node in nodes for value in node.attr.values()):
            for called in (value.func, *value.list.func) if value.HasField("func") else value.list.func:
                called.name = names.get(called.name, called.name)
    return copy


def unused_name(graph: Graph, name: str) -> str:
    """Return ``name``, with a number where the graph already uses it."""
    taken = {node.name for nodes in graph.bodies() for node in nodes}
    taken |= {function.signature.name for function in function_defs(graph.definition)}
    return next(unique for unique in (name, *(f"{name}_{n}" for n in range(1, len(taken) + 2))) if unique not in taken)


def add_node(nodes: Any, operator: str, name: str, inputs: Sequence[str]) -> Any:
    """Add a node without attributes to one of :meth:`Graph.bodies`; return it."""
    node = nodes.add(name=name, op=operator)
    node.input.extend(inputs)
    return node


def rename_inputs(nodes: Any, names: Mapping[str, str]) -> None:
    """Replace references in the nodes' inputs; ``names`` maps old to new references."""
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
