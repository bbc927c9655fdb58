"""Remove from a graph what its results do not depend on, such as the change of a seed that no result reads.

Works on messages (GraphDef). TensorFlow itself runs every node that changes a variable, needed or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def prune(graph: Any, results: Iterable[str]) -> None:
    """Remove the nodes that no result is computed from, in the graph and in the functions that it calls."""
    results = list(results)
    _keep(graph.node, _ancestors(graph.node, results))
    prune_functions(graph, results)


def prune_functions(graph: Any, results: Iterable[str]) -> None:
    """Remove nodes from the functions that results are computed by; the top level stays as it is."""
    functions = {function.signature.name: function for function in graph.library.function}
    needed = _ancestors(graph.node, results)
    waiting = [name for node in graph.node if node.name in needed for name in _called(node)]
    done: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in functions and name not in done:
            done.add(name)
            _prune_function(functions[name])
            waiting += [called for node in functions[name].node_def for called in _called(node)]


def _prune_function(function: Any) -> None:
    """Keep what the results need, and its order: TensorFlow inlines no function without."""
    needed = _ancestors(function.node_def, function.ret.values())
    needed |= {node.name for node in function.node_def if node.op == "NoOp"}  # these pass the order on
    _keep(function.node_def, needed)
    for name in [name for name, node in function.control_ret.items() if node not in needed]:
        del function.control_ret[name]
    kept = [name for name in function.signature.control_output if name in function.control_ret]
    function.signature.control_output[:] = kept


def _keep(nodes: Any, names: set[str]) -> None:
    """Remove all other nodes, and the order that they impose."""
    for place in reversed(range(len(nodes))):
        if nodes[place].name not in names:
            del nodes[place]
        else:
            kept = [text for text in nodes[place].input if not text.startswith("^") or text[1:] in names]
            nodes[place].input[:] = kept


def _ancestors(nodes: Iterable[Any], results: Iterable[str]) -> set[str]:
    """Return the names of the nodes that tensors are computed from; an order of execution does not count."""
    sources = {node.name: [text for text in node.input if not text.startswith("^")] for node in nodes}
    found: set[str] = set()
    waiting = list(results)
    while waiting:
        name = waiting.pop().partition(":")[0]  # "node", "node:0" in a graph; "node:output:0" in a function
        if name in sources and name not in found:
            found.add(name)
            waiting.extend(sources[name])
    return found


def _called(node: Any) -> Iterator[str]:
    yield node.op
    for value in node.attr.values():
        yield from filter(None, [value.func.name, *(function.name for function in value.list.func)])
