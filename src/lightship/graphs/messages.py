"""Parsing of SavedModel messages, and access to functions, nodes and assets."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

from lightship.errors import SourceRefused

_OLD_ASSETS = "saved_model_assets"
PROTO_LIMIT = 2 * 1024**3 - 1  # bytes, the limit of protocol buffers


def read_saved_model(path: Path, label: str) -> Any:
    """Return the SavedModel message of a ``saved_model.pb``; raises SourceRefused."""
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


def function_defs(graph_def: Any) -> Any:
    """Return the repeated field of a graph's FunctionDefs."""
    return attrgetter("library.function")(graph_def)


def functions_of(graph_def: Any) -> dict[str, Any]:
    """Return the functions of a graph's library by name."""
    return {function.signature.name: function for function in function_defs(graph_def)}


def node_name(tensor: str) -> str:
    """Return ``node`` for ``^node``, ``node:0`` and ``node:out:0``."""
    return tensor.removeprefix("^").partition(":")[0]


def assets_of(meta: Any) -> list[Any]:
    """Return a MetaGraphDef's AssetFileDefs; raises SourceRefused.

    Old files hold them in a collection.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import meta_graph_pb2

    if meta.asset_file_def or _OLD_ASSETS not in meta.collection_def:
        return list(meta.asset_file_def)
    packed = meta.collection_def[_OLD_ASSETS].any_list.value
    try:
        return [meta_graph_pb2.AssetFileDef.FromString(asset.value) for asset in packed]
    except DecodeError:
        raise SourceRefused("the SavedModel is broken: its list of assets cannot be parsed") from None
