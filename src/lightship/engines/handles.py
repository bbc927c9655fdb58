"""Tracing of the handles of variables and tables to the operators that use them.

Works on messages (GraphDef). A handle may pass through called functions, branches and loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# Operators that return the handles that they take: LOOPS and IdentityN at the same index, the others at any index.
PASS_THROUGH = frozenset(
    {"Enter", "Exit", "Identity", "IdentityN", "Merge", "NextIteration", "RefEnter", "RefExit", "RefIdentity"}
    | {"RefMerge", "RefNextIteration", "RefSwitch", "Switch"}
)
LOOPS = frozenset({"While", "StatelessWhile"})

# How many inputs of a call come before the arguments of the functions that it names.
CALLS: Mapping[str, int] = {
    "PartitionedCall": 0,
    "StatefulPartitionedCall": 0,
    "While": 0,
    "StatelessWhile": 0,
    "If": 1,
    "StatelessIf": 1,
    "Case": 1,
    "StatelessCase": 1,
}

# Resources that a graph creates and releases within one call.
ONE_CALL = frozenset({"StackV2", "TensorArrayV3"})

_DT_RESOURCE = 20  # DataType of TensorFlow's types.proto

Origins = frozenset[str]


class Flow:
    """Data flow of handles in a graph.

    ``users`` are the nodes that take a handle, by its origin: the name of an argument of the outermost graph, or ``#``
    and the name of a node that makes a variable, a table, a queue or the like. The prefix ``&`` marks a variable of
    TensorFlow 1: nodes that take its value, instead of its reference, are not its users.
    """

    def __init__(self, functions: Iterable[Any]) -> None:
        self.users: dict[str, list[Any]] = {}
        self._functions = {function.signature.name: function for function in functions}
        self._followed: set[tuple[str, tuple[Origins, ...]]] = set()

    def follow(self, nodes: Iterable[Any], arguments: Mapping[str, Origins]) -> None:
        """Follow a graph's or function's nodes; ``arguments`` are its inputs' origins."""
        nodes = list(nodes)
        flowing = dict(arguments)
        for node in nodes:
            if mark := _makes_state(node):
                flowing[node.name] = frozenset({mark + node.name})
        passing = [node for node in nodes if node.op in PASS_THROUGH or node.op in LOOPS]
        while sum(_pass_on(node, flowing) for node in passing):
            pass
        for node in nodes:
            self._take(node, _inputs(node, flowing))

    def _take(self, node: Any, inputs: list[Origins]) -> None:
        called = [self._functions[name] for name in _called_names(node) if name in self._functions]
        for function in called:
            self._enter(function, inputs[CALLS.get(node.op, 0) :])
        calls = node.op in CALLS or node.op in self._functions
        if node.op in LOOPS or node.op in PASS_THROUGH or (calls and not _returns_handles(node)):
            return
        for origin in frozenset[str]().union(*inputs):
            if not origin.startswith("&") or _takes_references(node):
                self.users.setdefault(origin, []).append(node)

    def _enter(self, function: Any, inputs: list[Origins]) -> None:
        key = function.signature.name, tuple(inputs)
        if key not in self._followed:
            self._followed.add(key)
            names = [argument.name for argument in function.signature.input_arg]
            self.follow(function.node_def, dict(zip(names, inputs, strict=False)))


def _pass_on(node: Any, flowing: dict[str, Origins]) -> bool:
    """Pass handles from a node's inputs to outputs; return whether any was new."""
    changed = False
    for index, found in enumerate(_inputs(node, flowing)):
        origins = frozenset(origin for origin in found if origin[0] != "&" or node.op.startswith("Ref"))
        name = f"{node.name}:{index}" if node.op in LOOPS or node.op == "IdentityN" else node.name
        before = flowing.get(name, frozenset())
        if not origins <= before:
            flowing[name] = before | origins
            changed = True
    return changed


def _inputs(node: Any, flowing: Mapping[str, Origins]) -> list[Origins]:
    """Return the origins of each input; control inputs are skipped."""
    found = []
    for text in node.input:
        if not text.startswith("^"):  # "node", "node:0" in a graph; "argument", "node:output:0" in a function
            name, *rest = text.split(":")
            index = rest[-1] if rest else "0"
            found.append(flowing.get(name, frozenset()) | flowing.get(f"{name}:{index}", frozenset()))
    return found


def _called_names(node: Any) -> Iterator[str]:
    yield node.op
    for value in node.attr.values():
        yield from filter(None, [value.func.name, *(function.name for function in value.list.func)])


def _returns_handles(node: Any) -> bool:
    return any(_DT_RESOURCE in node.attr[name].list.type for name in ("Tout", "T") if name in node.attr)


def _makes_state(node: Any) -> str | None:
    """Return ``&`` for a node that makes a reference, ``#`` for a resource, or None."""
    if node.op in PASS_THROUGH or node.op in LOOPS or node.op in ONE_CALL or node.op.startswith("Anonymous"):
        return None
    outputs = _definition(node).output_arg
    if any(output.is_ref for output in outputs):
        return None if _takes_references(node) else "&"
    return "#" if any(output.type == _DT_RESOURCE for output in outputs) else None


def _takes_references(node: Any) -> bool:
    return any(argument.is_ref for argument in _definition(node).input_arg)


def _definition(node: Any) -> Any:
    from tensorflow.core.framework.op_def_pb2 import OpDef
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(node.op) or OpDef()
