"""Replace nodes of a graph by what TensorFlow code traces.

A rule looks at an operation with its inferred shapes and returns a function of the operation's inputs, or None where it
must stay as it is. The node becomes a call of that function, which LiteRT's converter writes in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lightship.compiler.rewrites.graph import Graph, rename_inputs

Function = Callable[..., Any]
# A rule takes a tf.Operation. Its function returns a tensor, or a tuple of them for an operation with several outputs.
Rule = Callable[[Any], Function | None]

_SHAPES = "_output_shapes"


def replace(graph: Graph, rules: Mapping[str, Rule]) -> bool:
    """Replace nodes by their operator's rule, in functions of the library too; return whether there were any."""
    if not any(node.op in rules for nodes in graph.bodies() for node in nodes):
        return False
    replaced = [_replace(graph, *found) for found in list(_operations(graph, rules))]
    return any(replaced)


def _operations(graph: Graph, rules: Mapping[str, Rule]) -> Iterator[tuple[Any, Any, Function]]:
    """Return the function that a node belongs to (None for the graph itself), the node, and what to put there."""
    import tensorflow as tf
    from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

    with tf.Graph().as_default() as inside:
        tf.import_graph_def(graph.definition, name="")
        bodies = [(None, graph.definition.node, inside)]
        for body in graph.definition.library.function:
            if any(node.op in rules for node in body.node_def):
                bodies.append((body, body.node_def, function_def_to_graph(body)))
        for owner, nodes, imported in bodies:
            for node in nodes:
                if node.op in rules:
                    operation = imported.get_operation_by_name(node.name)
                    if function := rules[node.op](operation):
                        yield owner, (node, operation), function


def _replace(graph: Graph, owner: Any, found: tuple[Any, Any], function: Function) -> bool:
    node, operation = found
    traced = _traced(operation, function)
    if traced is None:
        return False
    graph.definition.library.function.add().CopyFrom(traced)
    if owner is not None:
        _rename_outputs(owner, node, operation)
    _become_call(node, operation, traced.signature.name)
    return True


def _traced(operation: Any, function: Function) -> Any:
    """Return a FunctionDef of the same input and output types as the operation; None where it would need others."""
    import tensorflow as tf

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in operation.inputs]
    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    wanted = [tensor.dtype for tensor in operation.outputs]
    if [tensor.dtype for tensor in concrete.outputs] != wanted or concrete.graph.as_graph_def().library.function:
        return None
    return concrete.function_def


def _become_call(node: Any, operation: Any, function: str) -> None:
    node.op = "PartitionedCall"
    shapes = [tensor.shape.as_proto() for tensor in operation.outputs]
    node.attr.clear()
    node.attr["f"].func.name = function
    node.attr["Tin"].list.type.extend(tensor.dtype.as_datatype_enum for tensor in operation.inputs)
    node.attr["Tout"].list.type.extend(tensor.dtype.as_datatype_enum for tensor in operation.outputs)
    node.attr[_SHAPES].list.shape.extend(shapes)


def _rename_outputs(body: Any, node: Any, operation: Any) -> None:
    """Let the nodes of a function read the outputs of a call: these are one list, an operator's have names."""
    names: dict[str, str] = {}
    for argument in operation.op_def.output_arg:
        names[f"{node.name}:{argument.name}:0"] = f"{node.name}:output:{len(names)}"
    rename_inputs(body.node_def, names)
    for key, name in list(body.ret.items()):
        body.ret[key] = names.get(name, name)
