"""Replacement of graph nodes by functions that TensorFlow traces.

A rule takes an operation with its inferred shapes and returns a function of the operation's inputs, or None where the
operation must stay. The node becomes a call of that function, which LiteRT's converter inlines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from lightship.compiler.graph.frozen import Graph, rename_inputs
from lightship.graphs.messages import function_defs

Function = Callable[..., Any]
# A rule takes a tf.Operation. Its function returns a tensor, or a tuple of them for an operation with several outputs.
Rule = Callable[[Any], Function | None]

_SHAPES = "_output_shapes"


def replace(graph: Graph, rules: Mapping[str, Rule]) -> bool:
    """Replace nodes by their rules, also in functions; return whether any changed."""
    if not any(node.op in rules for nodes in graph.bodies() for node in nodes):
        return False
    replaced = []
    for owner, node, operation in _operations(graph, rules):
        function = rules[node.op](operation)
        replaced.append(function is not None and _replace(graph, owner, node, operation, function))
    return any(replaced)


def _operations(graph: Graph, operators: Collection[str]) -> list[tuple[Any, Any, Any]]:
    """Return the nodes of these operators, in the graph and its functions.

    Each comes as the function that holds it (None for the graph), the node, and its tf.Operation.
    """
    import tensorflow as tf
    from tensorflow.python.framework.function_def_to_graph import function_def_to_graph

    with tf.Graph().as_default() as inside:
        tf.import_graph_def(graph.definition, name="")
        bodies = [(None, graph.definition.node, inside)]
        for body in function_defs(graph.definition):
            if any(node.op in operators for node in body.node_def):
                bodies.append((body, body.node_def, function_def_to_graph(body)))
    return [
        (owner, node, imported.get_operation_by_name(node.name))
        for owner, nodes, imported in bodies
        for node in nodes
        if node.op in operators
    ]


def _replace(graph: Graph, owner: Any, node: Any, operation: Any, function: Function) -> bool:
    concrete = _trace(operation, function)
    if concrete is None:
        return False
    traced = type(concrete.function_def)()
    traced.CopyFrom(concrete.function_def)
    used = _drop_unused_arguments(traced)
    _prefix_nodes(traced)
    function_defs(graph.definition).add().CopyFrom(traced)
    if owner is not None:
        _rename_outputs(owner, node, operation)
    _become_call(node, operation, traced.signature.name, used)
    both = zip(operation.outputs, concrete.outputs, strict=True)
    shapes = [before.shape if before.shape.rank is not None else after.shape for before, after in both]
    node.attr[_SHAPES].list.shape.extend(shape.as_proto() for shape in shapes)
    return True


def _trace(operation: Any, function: Function) -> Any:
    """Return a traced function with the operation's input and output types.

    Returns None where the traced output types differ, or the trace needs library functions.
    """
    import tensorflow as tf

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in operation.inputs]
    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    wanted = [tensor.dtype for tensor in operation.outputs]
    if [tensor.dtype for tensor in concrete.outputs] != wanted or function_defs(concrete.graph.as_graph_def()):
        return None
    return concrete


def _drop_unused_arguments(traced: Any) -> list[int]:
    """Remove unread arguments of a function; return the indices of the others."""
    read = {name for node in traced.node_def for name in node.input} | set(traced.ret.values())
    arguments = list(traced.signature.input_arg)
    used = [index for index, argument in enumerate(arguments) if argument.name in read]
    del traced.signature.input_arg[:]
    traced.signature.input_arg.extend(arguments[index] for index in used)
    traced.arg_attr.clear()
    traced.resource_arg_unique_id.clear()
    return used


def _prefix_nodes(traced: Any) -> None:
    """Rename a function's nodes, so that they do not collide when it is inlined.

    Inlined nodes are named below the call: for a dense layer's last node ``Tensordot``, a node ``Const`` of the
    function would become ``Tensordot/Const``, which the graph already has.
    """
    names = {node.name: f"rewritten_{node.name}" for node in traced.node_def}
    for node in traced.node_def:
        node.name = names[node.name]
        node.input[:] = [_prefixed(text, names) for text in node.input]
    for key, text in list(traced.ret.items()):
        traced.ret[key] = _prefixed(text, names)
    for key, name in list(traced.control_ret.items()):
        traced.control_ret[key] = names[name]


def _prefixed(text: str, names: Mapping[str, str]) -> str:
    """Rename the node in ``name``, ``name:output:0`` or ``^name``."""
    control = "^" if text.startswith("^") else ""
    name, colon, output = text.removeprefix("^").partition(":")
    return f"{control}{names.get(name, name)}{colon}{output}"


def _become_call(node: Any, operation: Any, function: str, used: list[int]) -> None:
    """Turn a node into a call of a library function with some of its inputs."""
    inputs = list(node.input)
    node.op = "PartitionedCall"
    node.input[:] = [inputs[index] for index in used] + [name for name in inputs if name.startswith("^")]
    node.attr.clear()
    node.attr["f"].func.name = function
    node.attr["Tin"].list.type.extend(operation.inputs[index].dtype.as_datatype_enum for index in used)
    node.attr["Tout"].list.type.extend(tensor.dtype.as_datatype_enum for tensor in operation.outputs)


def _rename_outputs(body: Any, node: Any, operation: Any) -> None:
    """Rename references in a function to the outputs of a node that became a call.

    The outputs of a call are one list, ``output``; an operator's have names of their own.
    """
    names: dict[str, str] = {}
    for argument in operation.op_def.output_arg:
        names[f"{node.name}:{argument.name}:0"] = f"{node.name}:output:{len(names)}"
    rename_inputs(body.node_def, names)
    for key, name in list(body.ret.items()):
        body.ret[key] = names.get(name, name)
