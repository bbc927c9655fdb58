"""Layers of a .tflite file: operators with weights, by name."""

from __future__ import annotations

from typing import Any

import numpy as np

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL", "EMBEDDING_LOOKUP")


def weighted_layers(model: bytes) -> list[str]:
    """Return the names of the operators with constant weights, in the file's order.

    The name is that of ai-edge-quantizer: the names of the operator's outputs, joined by ``;``.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    parsed = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    codes = {getattr(flatbuffer_utils.BuiltinOperator, name) for name in _WEIGHTED}
    found = []
    for graph in parsed.subgraphs:
        for operator in graph.operators:
            if parsed.operatorCodes[operator.opcodeIndex].builtinCode in codes and _constant(parsed, graph, operator):
                found.append(";".join(_text(graph.tensors[index].name) for index in operator.outputs))
    return list(dict.fromkeys(filter(None, found)))


def _constant(parsed: Any, graph: Any, operator: Any) -> bool:
    """Return whether an input of two dimensions or more is stored in the file."""
    tensors = (graph.tensors[index] for index in operator.inputs if index >= 0)
    return any(np.size(tensor.shape) > 1 and _size(parsed.buffers[tensor.buffer].data) for tensor in tensors)


def _size(data: Any) -> int:
    return 0 if data is None else len(data)


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name or "")
