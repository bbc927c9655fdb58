"""Layers of a .tflite file: operators with weights, by name."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
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


def separated(model: bytes) -> bytes:
    """Return the model with copies of weights that other operators read, too.

    An example is a table that is gathered from and multiplied by. Weight-only quantization keeps the copy as it is, and
    ai-edge-quantizer fails where it has to make the copy itself.
    """
    from ai_edge_litert.tools import flatbuffer_utils

    parsed = _parsed(model)
    codes = _codes()
    before = len(parsed.buffers)
    for graph in parsed.subgraphs:
        kinds = [parsed.operatorCodes[operator.opcodeIndex].builtinCode in codes for operator in graph.operators]
        weights = {
            at
            for operator, weighted in zip(graph.operators, kinds, strict=True)
            for at in operator.inputs
            if weighted and at >= 0 and _is_stored(parsed, graph.tensors[at])
        }
        copies: dict[int, int] = {}
        for operator, weighted in zip(graph.operators, kinds, strict=True):
            for place, at in enumerate(operator.inputs):
                if at in weights and not weighted:
                    if at not in copies:
                        copies[at] = _copied(parsed, graph, at)
                    operator.inputs[place] = copies[at]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(parsed)) if len(parsed.buffers) > before else model


def _copied(parsed: Any, graph: Any, at: int) -> int:
    """Add a copy of a tensor with a buffer of its own, and return its index."""
    tensor = copy(graph.tensors[at])
    tensor.name = _text(tensor.name).encode() + b"_copy"
    parsed.buffers.append(copy(parsed.buffers[tensor.buffer]))
    tensor.buffer = len(parsed.buffers) - 1
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _operators(model: bytes) -> Iterator[tuple[str, int]]:
    """Yield the name of each operator with weights, and their buffer."""
    parsed, codes = _parsed(model), _codes()
    for graph in parsed.subgraphs:
        for operator in graph.operators:
            buffer = _weights(parsed, graph, operator)
            name = _name(graph, operator)
            if name and buffer is not None and parsed.operatorCodes[operator.opcodeIndex].builtinCode in codes:
                yield name, buffer


def _codes() -> set[int]:
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    return {getattr(BuiltinOperator, name) for name in _WEIGHTED}


def _parsed(model: bytes) -> Any:
    from ai_edge_litert.tools import flatbuffer_utils

    return flatbuffer_utils.read_model_from_bytearray(bytearray(model))


def _name(graph: Any, operator: Any) -> str:
    return ";".join(_text(graph.tensors[index].name) for index in operator.outputs)


def _weights(parsed: Any, graph: Any, operator: Any) -> int | None:
    """Return the buffer of an input of two dimensions or more that is stored."""
    tensors = (graph.tensors[index] for index in operator.inputs if index >= 0)
    return next((tensor.buffer for tensor in tensors if _is_stored(parsed, tensor)), None)


def _is_stored(parsed: Any, tensor: Any) -> bool:
    """Return whether a tensor has two dimensions or more, and is in the file."""
    data = parsed.buffers[tensor.buffer].data
    return np.size(tensor.shape) > 1 and data is not None and len(data) > 0


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name or "")
