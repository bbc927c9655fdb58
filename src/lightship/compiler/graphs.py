"""TensorFlow graphs, read as messages before TensorFlow loads them: operators that would reach out of the model.

TensorFlow's own words: "TensorFlow models are programs". A graph can read and write files, call Python, open sockets. A
served function needs none of that; saving and restoring variables does, and is allowed only where the file says that
its saver is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from lightship.errors import SourceRefused

PROTO_LIMIT = 2 * 1024**3 - 1  # of protocol buffers themselves

REACHING_OUT = re.compile(
    r"(Eager)?PyFunc(Stateless)?|"  # Python
    r"ReadFile|WriteFile|MatchingFiles|\w*Reader(V2)?|Reader\w+|ImmutableConst|Skipgram|DumpTensor|"  # files
    r"GenerateVocabRemapping|LoadAndRemapMatrix|FileSystemSetConfiguration|\w*Dataset(V\d)?|DatasetToTFRecord|"
    r"ExperimentalDatasetToTFRecord|CreateSummary\w+Writer|Debug(Identity|Nan|Numeric)\w*|"
    r"Rpc\w+|RemoteCall|WorkerHeartbeat|Collective\w+|_?(Host)?(Send|Recv)"  # network and other processes
)
SAVER = re.compile(r"\w*(Save|SaveSlices|SaveV2|Restore|RestoreSlice|RestoreV2)|MergeV2Checkpoints")
FROM_FILE = re.compile(r"InitializeTableFromTextFile(V2)?")


def read_saved_model(path: Path, label: str) -> Any:
    """The SavedModel message of a ``saved_model.pb``; raises SourceRefused."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    message = saved_model_pb2.SavedModel()
    try:
        if path.stat().st_size > PROTO_LIMIT:
            raise SourceRefused(f"{label} is refused: its saved_model.pb is larger than 2 GiB")
        message.ParseFromString(path.read_bytes())
    except DecodeError:
        raise SourceRefused(f"{label} is broken: its saved_model.pb cannot be parsed") from None
    if not message.meta_graphs:
        raise SourceRefused(f"{label} is broken: its saved_model.pb holds no graph")
    return message


def operators_in(message: Any) -> tuple[str, ...]:
    """Operators of a SavedModel message that reach out of the model or that TensorFlow does not have, sorted."""
    found: set[str] = set()
    for meta in message.meta_graphs:
        graph = Graph(meta.graph_def)
        saver = graph.closure(_saver_roots(meta)) - graph.closure(_served_roots(meta))
        assets = {info.tensor_info.name.partition(":")[0] for info in meta.asset_file_def}
        for function, node in graph.nodes():
            if _refused(graph, function, node, (function or node.name) in saver, assets):
                found.add(node.op)
    return tuple(sorted(found))


def functions_of(graph_def: Any) -> dict[str, Any]:
    """The functions of a graph's library by name."""
    return {function.signature.name: function for function in attrgetter("library.function")(graph_def)}


class Graph:
    """A graph and its function library, with who needs whom.

    Keys are names of nodes of the main graph and names of functions: the two are told apart by the caller, and a clash
    between them only makes the saver's closure smaller or larger by a node that is checked by its own operator anyway.
    """

    def __init__(self, graph_def: Any) -> None:
        self._main = {node.name: node for node in graph_def.node}
        self.functions = functions_of(graph_def)

    def nodes(self) -> Iterator[tuple[str, Any]]:
        """Every node with the name of its function; the main graph's is empty."""
        for node in self._main.values():
            yield "", node
        for name, function in self.functions.items():
            for node in function.node_def:
                yield name, node

    def closure(self, roots: Iterable[str]) -> set[str]:
        """Nodes and functions that the roots need, themselves included."""
        pending, needed = list(roots), set[str]()
        while pending:
            name = pending.pop()
            if name in needed:
                continue
            needed.add(name)
            for node in self._inside(name):
                pending.extend(self._calls(node))
                if name in self._main:
                    pending.extend(node_name(text) for text in node.input)
        return needed

    def constant(self, function: str, tensor: str) -> bool:
        """Whether a tensor is a constant of its own graph."""
        nodes = self.functions[function].node_def if function else self._main.values()
        return any(node.name == node_name(tensor) and node.op == "Const" for node in nodes)

    def _inside(self, name: str) -> Iterable[Any]:
        if name in self._main:
            return [self._main[name]]
        return self.functions[name].node_def if name in self.functions else []

    def _calls(self, node: Any) -> Iterator[str]:
        if node.op in self.functions:
            yield node.op
        for value in node.attr.values():
            yield from filter(None, [value.func.name, *(function.name for function in value.list.func)])


def node_name(tensor: str) -> str:
    """``^node``, ``node:0`` and ``node:out:0`` are all about ``node``."""
    return tensor.removeprefix("^").partition(":")[0]


def _refused(graph: Graph, function: str, node: Any, in_saver: bool, assets: set[str]) -> bool:
    if SAVER.fullmatch(node.op):
        return not in_saver
    if FROM_FILE.fullmatch(node.op):  # a vocabulary: an asset of the model, or any file of the machine?
        filename = node.input[1] if len(node.input) > 1 else ""
        return node_name(filename) not in assets and graph.constant(function, filename)
    if node.op == "PrintV2":
        return not node.attr["output_stream"].s.startswith((b"stderr", b"stdout", b"log("))
    return bool(REACHING_OUT.fullmatch(node.op)) or not (node.op in graph.functions or _known(node.op))


def _known(operator: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(operator) is not None


def _saver_roots(meta: Any) -> list[str]:
    saver = meta.saver_def
    return [node_name(name) for name in (saver.save_tensor_name, saver.restore_op_name) if name]


def _served_roots(meta: Any) -> list[str]:
    tensors = [info.name for signature in meta.signature_def.values() for info in signature.outputs.values()]
    for key in ("saved_model_main_op", "legacy_init_op", "main_op"):
        tensors.extend(meta.collection_def[key].node_list.value if key in meta.collection_def else [])
    return [node_name(name) for name in tensors]
