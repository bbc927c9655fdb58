"""Shape of the elements of a list, computed outside of the loop that fills it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from lightship.compiler.graph.functions import CALLS, LOOPS, Library
from lightship.compiler.graph.scopes import Scope, name_of


class Untraceable(Exception):
    """Graph with a list that cannot become a tensor."""


def shape_of_elements(library: Library, scope: Scope, node: Any) -> str:
    """Return the reference to the shape of the elements of a reserved list.

    ``node`` is a TensorListReserve. Where the shape is not constant, it is the shape of the tensor that is put into the
    list first. In a loop this tensor is computed a second time, from the loop's initial values: about the cost of one
    step. Raises Untraceable.
    """
    sizes = scope.constant(node.input[0])
    if sizes is not None and sizes.ndim == 1 and (sizes >= 0).all():
        return str(node.input[0])
    found = next(_shapes(library, scope, scope.reference(node.name, "handle")), None)
    if found is None:
        raise Untraceable(f"no tensor is put into the list {node.name}")
    return found


def _shapes(library: Library, scope: Scope, handle: str) -> Iterator[str]:
    """Yield references to the shapes of tensors that are put into a list."""
    import tensorflow as tf

    for node, position in list(scope.consumers(handle)):
        if node.op == "TensorListSetItem":
            dtype = tf.as_dtype(node.attr["element_dtype"].type)
            yield scope.add("Shape", f"{node.name}/item", [node.input[2]], T=dtype, out_type=tf.int32)
        elif node.op == "Identity":
            yield from _shapes(library, scope, scope.reference(node.name))
        elif node.op in CALLS and position >= CALLS[node.op].skipped:
            argument = position - CALLS[node.op].skipped
            for inner in library.called_functions(node)[-1 if node.op in LOOPS else 0 :]:
                for shape in _shapes(library, inner, inner.arguments[argument]):
                    yield _call(library, scope, node, _InnerShape(inner, shape, argument))


class _InnerShape(NamedTuple):
    """Reference to a shape inside a function.

    The shape must not depend on the list, which is the argument at position ``argument``.
    """

    inner: Scope
    shape: str
    argument: int


def _call(library: Library, scope: Scope, node: Any, wanted: _InnerShape) -> str:
    """Compute a function's tensor outside of it, from the caller's arguments."""
    import tensorflow as tf

    inner, shape, list_argument = wanted
    nodes, arguments = _ancestors(inner, shape)
    if list_argument in arguments:
        raise Untraceable(f"the elements of a list depend on the list in {inner.name}")
    function = type(inner.function)()
    name = f"{inner.name}_{name_of(shape).replace('/', '_')}"
    function.signature.name = name
    for position in arguments:
        function.signature.input_arg.add().CopyFrom(inner.function.signature.input_arg[position])
    function.signature.output_arg.add(name="shape", type=tf.int32.as_datatype_enum)
    for each in nodes:
        function.node_def.add().CopyFrom(each)
        del function.node_def[-1].input[:]
        function.node_def[-1].input.extend(taken for taken in each.input if not taken.startswith("^"))
    function.ret["shape"] = shape
    library.add(function)
    skipped = CALLS[node.op].skipped
    taken = [node.input[skipped + position] for position in arguments]
    types = [inner.function.signature.input_arg[position].type for position in arguments]
    return scope.add(
        "PartitionedCall", f"{node.name}/{name}", taken, Tin=types, Tout=[tf.int32.as_datatype_enum], f=name
    )


def _ancestors(scope: Scope, reference: str) -> tuple[list[Any], list[int]]:
    """Return the nodes, and argument positions, that a tensor depends on."""
    nodes: dict[str, Any] = {}
    arguments: set[str] = set()
    waiting = [reference]
    while waiting:
        taken = waiting.pop()
        node = scope.producer(taken)
        if node is None:
            arguments.add(taken)
        elif node.name not in nodes:
            nodes[node.name] = node
            waiting += [each for each in node.input if not each.startswith("^")]
    return list(nodes.values()), [position for position, name in enumerate(scope.arguments) if name in arguments]
