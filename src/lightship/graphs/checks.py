"""Rules for a node: operator, named functions and types, and file names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lightship.graphs.calls import Graph
from lightship.graphs.filenames import Filenames
from lightship.graphs.operators import RESTORERS, SAVERS, TABLES_FROM_FILES, Finding, reason

# Operators that convert between tensors and bytes, with the attribute that holds the tensors' dtype.
TYPED: Mapping[str, str] = {
    "Const": "dtype",
    "ParseTensor": "out_type",
    "SerializeTensor": "T",
    "DeserializeSparse": "dtype",
    "DeserializeManySparse": "dtype",
}
_HANDLES = frozenset({20, 21, 120, 121})  # DT_RESOURCE, DT_VARIANT and references to them
_PRINTED_TO = (b"stderr", b"log(")


def findings(message: Any) -> tuple[Finding, ...]:
    """Return the distinct findings in a SavedModel message, sorted."""
    return tuple(sorted({finding for meta in message.meta_graphs for finding in _Rules(Graph(meta)).findings()}))


class _Rules:
    """Findings of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._filenames = Filenames(graph)
        self._run = graph.closure(graph.entry_points())
        self._restored = graph.closure(graph.restore_nodes())
        self._results = graph.closure(("", name) for name in graph.result_nodes())

    def findings(self) -> Iterator[Finding]:
        """Yield all findings, with repetitions."""
        for function, node in self._graph.nodes():
            yield from ((key, node.op) for key in self._reasons(function, node))

    def _reasons(self, function: str, node: Any) -> Iterator[str]:
        if (key := self._operator(function, node)) is not None:
            yield key
        if any(name not in self._graph.functions for name in self._graph.called_by(node)):
            yield "programs"
        if _makes_handles(node):
            yield "memory"

    def _operator(self, function: str, node: Any) -> str | None:
        location = (function, "") if function else ("", node.name)
        if node.op in SAVERS:  # harmless unless run, and loading and requests do not run the model's own saver
            return "saver" if location in self._run or location in self._restored else None
        if node.op in RESTORERS:
            return "saver" if location in self._run or not self._restores(function, node) else None
        if node.op in TABLES_FROM_FILES:
            return "files" if location in self._results or not self._fills_from_asset(function, node) else None
        if node.op == "PrintV2":
            return None if node.attr["output_stream"].s.startswith(_PRINTED_TO) else "files"
        key = reason(node.op, registered=_registered(node.op))
        return None if key == "unknown" and node.op in self._graph.functions else key

    def _restores(self, function: str, node: Any) -> bool:
        return bool(node.input) and self._filenames.from_saver(function, node.input[0])

    def _fills_from_asset(self, function: str, node: Any) -> bool:
        return len(node.input) > 1 and self._filenames.from_assets(function, node.input[1])


def _makes_handles(node: Any) -> bool:
    """Return whether a node converts bytes to a resource handle, or a handle to bytes."""
    tensors = [tensor for value in node.attr.values() for tensor in [value.tensor, *value.list.tensor]]
    types = [tensor.dtype for tensor in tensors]
    if node.op in TYPED and TYPED[node.op] in node.attr:
        types.append(node.attr[TYPED[node.op]].type)
    return any(dtype in _HANDLES for dtype in types)


def _registered(operator: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(operator) is not None
