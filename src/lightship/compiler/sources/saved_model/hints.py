"""Hints about the values of string and integer inputs, from a loaded signature.

Sources are the contents of lookup tables, and decoders of images.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from lightship.compiler.hints import Hint, vocabulary
from lightship.engines.handles import Flow
from lightship.graphs.messages import function_defs
from lightship.tensors import Signature

_LOOKUPS = frozenset({"LookupTableFind", "LookupTableFindV2"})
_SPLITS = frozenset({"StringSplit", "StringSplitV2", "UnicodeTokenizeWithOffsets", "WhitespaceTokenizeWithOffsetsV2"})
_IMAGE_DECODERS = frozenset({"DecodeJpeg", "DecodePng", "DecodeBmp", "DecodeImage", "DecodeAndCropJpeg", "DecodeWebP"})
_SIDES = (16, 24, 33, 48)  # pixels


def hints_of(function: Any, signature: Signature) -> dict[str, Hint]:
    """Return hints by input.

    Tables give their keys, but not the input that the keys come from: a hint applies to all inputs of the key's dtype.
    """
    graph = function.graph.as_graph_def()
    operators = {node.op for node in _nodes(graph)}
    by_dtype = _tables(function, graph, sentences=bool(operators & _SPLITS))
    if operators & _IMAGE_DECODERS:
        by_dtype["string"] = vocabulary(encoded_images())
    return {spec.name: by_dtype[spec.dtype] for spec in signature.inputs if spec.dtype in by_dtype}


def decodes_images(function: Any) -> bool:
    """Return whether a signature decodes images from bytes."""
    return any(node.op in _IMAGE_DECODERS for node in _nodes(function.graph.as_graph_def()))


def encoded_images() -> list[bytes]:
    """Return small JPEG files of different sizes."""
    import tensorflow as tf

    rng = np.random.default_rng(_SIDES)
    return [
        bytes(tf.io.encode_jpeg(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).numpy())
        for height, width in itertools.product(_SIDES, repeat=2)
    ]


def _tables(function: Any, graph: Any, *, sentences: bool) -> dict[str, Hint]:
    words: dict[str, list[list[Any]]] = {}
    for handle, keys, values in _found_tables(function, graph):
        dtype, content = _keys(handle, keys, values)
        words.setdefault(dtype, []).append(content)
    return {
        dtype: vocabulary(mixed, sentences=sentences and dtype == "string")
        for dtype, lists in words.items()
        if (mixed := [word for words in itertools.zip_longest(*lists) for word in words if word is not None])
    }


def _found_tables(function: Any, graph: Any) -> Iterator[tuple[Any, int, int]]:
    """Yield the lookup tables that a call reads, as handles with two dtypes.

    The dtypes are those of the keys and of the values.
    """
    names = [tensor.op.name for tensor in function.graph.inputs]
    captured = function.captured_inputs
    handles = dict(zip(names[len(names) - len(captured) :], captured, strict=True))
    flow = Flow(function_defs(graph))
    flow.follow(graph.node, {name: frozenset({name}) for name, tensor in handles.items() if _is_handle(tensor)})
    for origin, users in flow.users.items():
        if origin in handles:
            yield from ((handles[origin], node.attr["Tin"].type, node.attr["Tout"].type) for node in _first(users))


def _first(users: list[Any]) -> list[Any]:
    return [node for node in users if node.op in _LOOKUPS][:1]


def _is_handle(tensor: Any) -> bool:
    import tensorflow as tf

    return bool(tensor.dtype == tf.resource)


def _keys(handle: Any, keys: int, values: int) -> tuple[str, list[Any]]:
    import tensorflow as tf

    dtype = tf.as_dtype(keys)
    try:
        content = tf.raw_ops.LookupTableExportV2(table_handle=handle, Tkeys=dtype, Tvalues=tf.as_dtype(values)).keys
    except tf.errors.OpError:  # an empty table
        return dtype.name, []
    return dtype.name, sorted(content.numpy().ravel().tolist())


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in function_defs(graph):
        yield from function.node_def
