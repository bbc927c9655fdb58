"""Layers of a .tflite file: operators with weights, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL", "EMBEDDING_LOOKUP")

# Names of the operators that share weights: one, or one for each signature.
Layer = tuple[str, ...]


def weighted_layers(model: bytes) -> list[Layer]:
    """Return the operators with constant weights, in the file's order.

    Those that share weights are one layer. A name is that of ai-edge-quantizer: the names of the operator's outputs,
    joined by ``;``.
    """
    found: dict[int, list[str]] = {}
    for name, buffer in _operators(model):
        found.setdefault(buffer, []).append(name)
    return list(dict.fromkeys(tuple(dict.fromkeys(names)) for names in found.values()))


def text_operators(model: bytes) -> list[str]:
    """Return the names of the operators with an input or output of strings.

    The quantizer fails at them, even where they have no weights.
    """
    from ai_edge_litert.schema_py_generated import TensorType

    parsed = _parsed(model)
    return [
        name
        for graph in parsed.subgraphs
        for operator in graph.operators
        if (name := _name(graph, operator))
        and any(graph.tensors[at].type == TensorType.STRING for at in (*operator.inputs, *operator.outputs) if at >= 0)
    ]


def _operators(model: bytes) -> Iterator[tuple[str, int]]:
    """Yield the name of each operator with weights, and their buffer."""
    from ai_edge_litert.tools import flatbuffer_utils

    parsed = _parsed(model)
    codes = {getattr(flatbuffer_utils.BuiltinOperator, name) for name in _WEIGHTED}
    for graph in parsed.subgraphs:
        for operator in graph.operators:
            buffer = _weights(parsed, graph, operator)
            name = _name(graph, operator)
            if name and buffer is not None and parsed.operatorCodes[operator.opcodeIndex].builtinCode in codes:
                yield name, buffer


def _parsed(model: bytes) -> Any:
    from ai_edge_litert.tools import flatbuffer_utils

    return flatbuffer_utils.read_model_from_bytearray(bytearray(model))


def _name(graph: Any, operator: Any) -> str:
    return ";".join(_text(graph.tensors[index].name) for index in operator.outputs)


def _weights(parsed: Any, graph: Any, operator: Any) -> int | None:
    """Return the buffer of an input of two dimensions or more that is stored."""
    tensors = (graph.tensors[index] for index in operator.inputs if index >= 0)
    stored = (
        tensor.buffer for tensor in tensors if np.size(tensor.shape) > 1 and _size(parsed.buffers[tensor.buffer].data)
    )
    return next(stored, None)


def _size(data: Any) -> int:
    return 0 if data is None else len(data)


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name or "")
