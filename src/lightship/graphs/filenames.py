"""Source of a file name that an operator reads: an asset, the saver, or other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from lightship.graphs.calls import Graph
from lightship.graphs.messages import assets_of, node_name

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_FIRST_INPUT = ("Identity", "ShardedFilename", "ShardedFilespec")  # their result is the first input or begins with it
_VARIABLE_USERS = ("AssignVariableOp", "ReadVariableOp", "VarIsInitializedOp")


class Filenames:
    """Tracer of file names to nodes of the main graph and to assets of objects."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._assets = {node_name(info.tensor_info.name) for info in assets_of(graph.meta)}
        self._saver = {node_name(graph.meta.saver_def.filename_tensor_name)} - {""}

    def from_assets(self, function: str, tensor: str) -> bool:
        """Return whether a tensor is always the path of an asset."""
        return self._only_from(self._assets, function, tensor)

    def from_saver(self, function: str, tensor: str) -> bool:
        """Return whether a tensor is always the file name that the saver is given."""
        return self._only_from(self._saver, function, tensor)

    def _only_from(self, accepted: set[str], function: str, tensor: str) -> bool:
        pending, seen = [(function, tensor)], set[tuple[str, str]]()
        while pending:
            reference = pending.pop()
            if reference in seen:
                continue
            seen.add(reference)
            function, tensor = reference
            if not function and node_name(tensor) in accepted:
                continue
            origins = list(self._origins(function, tensor))
            if not origins:
                return False
            pending.extend(origin for origin in origins if origin != _ASSET)
            if _ASSET in origins and accepted is not self._assets:
                return False
        return True

    def _origins(self, function: str, tensor: str) -> Iterator[tuple[str, str]]:
        """Yield where a tensor comes from, one step back; nothing if unknown."""
        name = node_name(tensor)
        if function:
            arguments = self._graph.functions[function].signature.input_arg
            names = [argument.name for argument in arguments]
            if name in names:
                # an argument that is a list of tensors would shift the positions of the others
                if not any(argument.number_attr or argument.type_list_attr for argument in arguments):
                    yield from self._arguments(function, names.index(name), len(names))
                return
        nodes = self._graph.functions[function].node_def if function else self._graph.main.values()
        for node in nodes:
            if node.name == name and node.input:
                if node.op in _FIRST_INPUT:
                    yield function, node.input[0]
                elif node.op == "ReadVariableOp" and not function:
                    yield from self._assigned_tensors(node_name(node.input[0]))

    def _assigned_tensors(self, variable: str) -> Iterator[tuple[str, str]]:
        """Yield the values of a variable; nothing if another node could write to it."""
        handle = self._graph.main.get(variable)
        if handle is None or handle.op != "VarHandleOp" or self._shares_variable(handle):
            return
        users = [node for node in self._graph.main.values() if variable in map(node_name, node.input)]
        if all(node.op in _VARIABLE_USERS for node in users):
            yield from (("", node.input[1]) for node in users if node.op == "AssignVariableOp")

    def _shares_variable(self, handle: Any) -> bool:
        name = _shared_name(handle)
        return any(
            node.op == "VarHandleOp" and node is not handle and _shared_name(node) == name
            for _, node in self._graph.nodes()
        )

    def _arguments(self, function: str, index: int, count: int) -> Iterator[tuple[str, str]]:
        """Yield a function's argument at each call; nothing unless all are plain calls."""
        origins: list[tuple[str, str]] = []
        for caller, node in self._graph.nodes():
            if function in self._graph.called_by(node):
                data = [text for text in node.input if not text.startswith("^")]
                if (node.op not in _CALLS and node.op != function) or index >= len(data):
                    return
                origins.append((caller, data[index]))
        objects = self._graph.meta.object_graph_def
        if function in objects.concrete_functions:
            bound = objects.concrete_functions[function].bound_inputs
            position = index - (count - len(bound))
            if not 0 <= position < len(bound) or not _is_asset(objects, bound[position]):
                return
            origins.append(_ASSET)
        yield from origins


_ASSET = ("", "/asset")  # an asset of the object graph; no node has such a name


def _shared_name(handle: Any) -> bytes:
    name: bytes = handle.attr["shared_name"].s or handle.name.encode()
    return name


def _is_asset(objects: Any, node: int) -> bool:
    return 0 <= node < len(objects.nodes) and bool(objects.nodes[node].WhichOneof("kind") == "asset")


def stray_assets(message: Any) -> tuple[str, ...]:
    """Return the file names of assets that may lead out of the model's folder, sorted.

    They are escaped, because the file chooses them.
    """
    names = {info.filename for meta in message.meta_graphs for info in assets_of(meta)}
    return tuple(ascii(name) for name in sorted(filter(_leads_out, names)))


def _leads_out(name: str) -> bool:
    pure = PurePosixPath(name)
    return not name or "\0" in name or "\\" in name or ":" in name or pure.is_absolute() or ".." in pure.parts
