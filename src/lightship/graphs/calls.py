"""A MetaGraphDef's nodes and functions, and what each of its entry points runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lightship.graphs.messages import functions_of, node_name

Place = tuple[str, str]  # ("", node of the main graph) or (function, "")

INIT_SIGNATURE = "__saved_model_init_op"
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op", "main_op")


class Graph:
    """The main graph and the function library of one MetaGraphDef."""

    def __init__(self, meta: Any) -> None:
        self.meta = meta
        self.main = {node.name: node for node in meta.graph_def.node}
        self.functions = functions_of(meta.graph_def)

    def nodes(self) -> Iterator[tuple[str, Any]]:
        """Yield every node with the name of its function; the main graph's is empty."""
        for node in self.meta.graph_def.node:
            yield "", node
        for function in self.meta.graph_def.library.function:
            for node in function.node_def:
                yield function.signature.name, node

    def closure(self, roots: Iterable[Place]) -> set[Place]:
        """Return the nodes and functions that the roots need, themselves included."""
        pending, needed = list(roots), set[Place]()
        while pending:
            place = pending.pop()
            if place in needed:
                continue
            needed.add(place)
            for node in self._inside(place):
                pending.extend((called, "") for called in self.called_by(node) if called in self.functions)
                if not place[0]:
                    pending.extend(("", node_name(text)) for text in node.input)
        return needed

    def called_by(self, node: Any) -> Iterator[str]:
        """Yield the names of functions that a node calls or hands on, whether the library holds them or not."""
        if node.op in self.functions:
            yield node.op
        for value in node.attr.values():
            yield from _named_in(value)

    def entry_points(self) -> list[Place]:
        """Return what is run by requests and on load: signatures, initialisers, functions of objects.

        Functions with ``api_implements`` are among them, because TensorFlow may put them in the place of others.
        """
        objects = self.meta.object_graph_def.concrete_functions
        swapped = [name for name, function in self.functions.items() if "api_implements" in function.attr]
        return [("", name) for name in [*self.answers(), *self._initialisers()]] + [
            (name, "") for name in [*objects, *swapped]
        ]

    def answers(self) -> Iterator[str]:
        """Yield the names of the nodes of the main graph that requests ask for."""
        for name, signature in self.meta.signature_def.items():
            if name != INIT_SIGNATURE:
                yield from (node_name(text) for info in signature.outputs.values() for text in _tensors(info))

    def restoring(self) -> list[Place]:
        """Return what is run to restore variables."""
        name = self.meta.saver_def.restore_op_name
        return [("", node_name(name))] if name else []

    def _initialisers(self) -> Iterator[str]:
        infos = self.meta.signature_def[INIT_SIGNATURE].outputs if INIT_SIGNATURE in self.meta.signature_def else {}
        yield from (node_name(info.name) for info in infos.values())
        for key in _INIT_COLLECTIONS:
            if key in self.meta.collection_def:
                yield from map(node_name, self.meta.collection_def[key].node_list.value)

    def _inside(self, place: Place) -> Iterable[Any]:
        function, name = place
        if function:
            return list(self.functions[function].node_def)
        return [self.main[name]] if name in self.main else []


def _named_in(value: Any) -> Iterator[str]:
    """Yield the functions that an attribute names, in the attributes of functions too."""
    for function in [value.func, *value.list.func]:
        if function.name:
            yield function.name
        for nested in function.attr.values():
            yield from _named_in(nested)


def _tensors(info: Any) -> Iterator[str]:
    """Yield the names of the tensors of a TensorInfo: one, or the parts of a sparse or composite one."""
    sparse = info.coo_sparse
    parts = [part.name for part in info.composite_tensor.components]
    names = [info.name, sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name, *parts]
    yield from filter(None, names)
