"""Functions of a GraphDef's library, and the nodes that call them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lightship.compiler.graph.scopes import Scope
from lightship.graphs.messages import function_defs


@dataclass(frozen=True)
class Call:
    """Convention by which an operator passes tensors to functions and back.

    Attributes:
        functions: the attributes that name functions; each function takes all arguments.
        inputs: the attribute with the dtypes of the arguments.
        outputs: the attribute with the dtypes of the results.
        skipped: how many of the node's inputs come before the arguments.
    """

    functions: tuple[str, ...]
    inputs: str = "Tin"
    outputs: str = "Tout"
    skipped: int = 0


_LOOP = Call(("cond", "body"), inputs="T", outputs="T")
_CONDITIONAL = Call(("then_branch", "else_branch"), skipped=1)
_CASE = Call(("branches",), skipped=1)
_PLAIN = Call(("f",))
LOOPS = ("While", "StatelessWhile")
CALLS = {
    "While": _LOOP,
    "StatelessWhile": _LOOP,
    "If": _CONDITIONAL,
    "StatelessIf": _CONDITIONAL,
    "Case": _CASE,
    "StatelessCase": _CASE,
    "PartitionedCall": _PLAIN,
    "StatefulPartitionedCall": _PLAIN,
}


class Library:
    """Scopes of a GraphDef, including functions that :meth:`add` appends."""

    def __init__(self, definition: Any) -> None:
        self._functions = function_defs(definition)
        self.top = Scope(definition.node)
        self._scopes = {function.signature.name: _function(function) for function in self._functions}

    def reachable(self) -> Iterator[Scope]:
        """Yield the top level and all functions that it calls, callers first."""
        seen: set[str] = set()
        waiting = [self.top]
        while waiting:
            scope = waiting.pop()
            yield scope
            for node in scope.nodes:
                for name in _function_names(node):
                    if name in self._scopes and name not in seen:
                        seen.add(name)
                        waiting.append(self._scopes[name])

    def called_functions(self, node: Any) -> list[Scope]:
        """Return the functions that a node calls; the body of a loop is the last."""
        attributes = [node.attr[name] for name in CALLS[node.op].functions]
        names = [name for value in attributes for name in (value.func.name, *(f.name for f in value.list.func)) if name]
        return [self._scopes[name] for name in names]

    def add(self, function: Any) -> None:
        """Append a FunctionDef unless the library has one of this name."""
        if function.signature.name in self._scopes:
            return
        self._functions.add().CopyFrom(function)
        self._scopes[function.signature.name] = _function(self._functions[-1])

    def prune(self) -> None:
        """Remove functions that are never called: gradients, other devices' versions."""
        kept = {scope.name for scope in self.reachable()}
        for index in reversed(range(len(self._functions))):
            if self._functions[index].signature.name not in kept:
                del self._scopes[self._functions[index].signature.name], self._functions[index]


def _function(function: Any) -> Scope:
    return Scope(function.node_def, function)


def _function_names(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        yield from (function.name for function in value.list.func)
