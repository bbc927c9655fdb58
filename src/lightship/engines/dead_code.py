"""Removal of graph nodes on which no result depends, such as seed updates.

Works on messages (GraphDef). TensorFlow itself runs every node that changes a variable, whether needed or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lightship.graphs.messages import functions_of


def prune(graph: Any, results: Iterable[str]) -> None:
    """Remove the nodes on which no result depends, in the graph and its functions."""
    results = list(results)
    _keep(graph.node, _ancestors(graph.node, results))
    prune_functions(graph, results)


def prune_functions(graph: Any, results: Iterable[str]) -> None:
    """Remove unneeded nodes from called functions; the top level is not changed."""
    functions = functions_of(graph)
    needed = _ancestors(graph.node, results)
    waiting = [name for node in graph.node if node.name in needed for name in _called_names(node)]
    visited: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in functions and name not in visited:
            visited.add(name)
            _prune_function(functions[name])
            waiting += [called for node in functions[name].node_def for called in _called_names(node)]


def _prune_function(function: Any) -> None:
    """Keep the nodes that results need, and NoOp nodes.

    NoOp nodes carry the order of execution: TensorFlow does not inline a function without them.
    """
    needed = _ancestors(function.node_def, function.ret.values())
    needed |= {node.name for node in function.node_def if node.op == "NoOp"}
    _keep(function.node_def, needed)
    for name in [name for name, node in function.control_ret.items() if node not in needed]:
        del function.control_ret[name]
    kept = [name for name in function.signature.control_output if name in function.control_ret]
    function.signature.control_output[:] = kept


def _keep(nodes: Any, names: set[str]) -> None:
    """Remove all other nodes, and control inputs from them."""
    for index in reversed(range(len(nodes))):
        if nodes[index].name not in names:
            del nodes[index]
        else:
            kept = [text for text in nodes[index].input if not text.startswith("^") or text[1:] in names]
            nodes[index].input[:] = kept


def _ancestors(nodes: Iterable[Any], results: Iterable[str]) -> set[str]:
    """Return the nodes that tensors are computed from, ignoring control inputs."""
    sources = {node.name: [text for text in node.input if not text.startswith("^")] for node in nodes}
    found: set[str] = set()
    waiting = list(results)
    while waiting:
        name = waiting.pop().partition(":")[0]  # "node", "node:0" in a graph; "node:output:0" in a function
        if name in sources and name not in found:
            found.add(name)
            waiting.extend(sources[name])
    return found


def _called_names(node: Any) -> Iterator[str]:
    yield node.op
    for value in node.attr.values():
        yield from filter(None, [value.func.name, *(function.name for function in value.list.func)])
