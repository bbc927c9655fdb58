"""Nodes and functions of a MetaGraphDef, and what each entry point runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lightship.graphs.messages import function_defs, functions_of, node_name

Location = tuple[str, str]  # ("", node of the main graph) or (function, "")

INIT_SIGNATURE = "__saved_model_init_op"
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op", "main_op")


class Graph:
    """Main graph and function library of one MetaGraphDef."""

    def __init__(self, meta: Any) -> None:
        self.meta = meta
        self.main = {node.name: node for node in meta.graph_def.node}
        self.functions = functions_of(meta.graph_def)

    def nodes(self) -> Iterator[tuple[str, Any]]:
        """Yield every node with the name of its function; "" for the main graph."""
        for node in self.meta.graph_def.node:
            yield "", node
        for function in function_defs(self.meta.graph_def):
            for node in function.node_def:
                yield function.signature.name, node

    def closure(self, roots: Iterable[Location]) -> set[Location]:
        """Return the nodes and functions that the roots need, including the roots."""
        pending, needed = list(roots), set[Location]()
        while pending:
            location = pending.pop()
            if location in needed:
                continue
            needed.add(location)
            for node in self._inside(location):
                pending.extend((called, "") for called in self.called_by(node) if called in self.functions)
                if not location[0]:
                    pending.extend(("", node_name(text)) for text in node.input)
        return needed

    def called_by(self, node: Any) -> Iterator[str]:
        """Yield the functions that a node calls or passes on, in the library or not."""
        if node.op in self.functions:
            yield node.op
        for value in node.attr.values():
            yield from _named_in(value)

    def entry_points(self) -> list[Location]:
        """Return the nodes and functions that requests and loading run.

        They are those of signatures, initialisers and the object graph, and the functions with ``api_implements``,
        because TensorFlow may substitute them for others.
        """
        objects = self.meta.object_graph_def.concrete_functions
        implementations = [name for name, function in self.functions.items() if "api_implements" in function.attr]
        return [("", name) for name in [*self.result_nodes(), *self._initialisers()]] + [
            (name, "") for name in [*objects, *implementations]
        ]

    def result_nodes(self) -> Iterator[str]:
        """Yield the names of the main graph's nodes that signatures return."""
        for name, signature in self.meta.signature_def.items():
            if name != INIT_SIGNATURE:
                yield from (node_name(text) for info in signature.outputs.values() for text in _tensors(info))

    def restore_nodes(self) -> list[Location]:
        """Return the node that restores the variables; empty without a saver."""
        name = self.meta.saver_def.restore_op_name
        return [("", node_name(name))] if name else []

    def _initialisers(self) -> Iterator[str]:
        infos = self.meta.signature_def[INIT_SIGNATURE].outputs if INIT_SIGNATURE in self.meta.signature_def else {}
        yield from (node_name(info.name) for info in infos.values())
        for key in _INIT_COLLECTIONS:
            if key in self.meta.collection_def:
                yield from map(node_name, self.meta.collection_def[key].node_list.value)

    def _inside(self, location: Location) -> Iterable[Any]:
        function, name = location
        if function:
            return list(self.functions[function].node_def)
        return [self.main[name]] if name in self.main else []


def _named_in(value: Any) -> Iterator[str]:
    """Yield the functions that an attribute names, including nested attributes."""
    for function in [value.func, *value.list.func]:
        if function.name:
            yield function.name
        for nested in function.attr.values():
            yield from _named_in(nested)


def _tensors(info: Any) -> Iterator[str]:
    """Yield a TensorInfo's tensor names; several for a sparse or composite tensor."""
    sparse = info.coo_sparse
    parts = [part.name for part in info.composite_tensor.components]
    names = [info.name, sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name, *parts]
    yield from filter(None, names)
