"""Small .tflite files built without TensorFlow, which no converter would write."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

Operators = schema.BuiltinOperator
_TYPES = {"float32": schema.TensorType.FLOAT32, "int32": schema.TensorType.INT32, "bool": schema.TensorType.BOOL}


class Graph:
    """A model with one or more subgraphs; the first is the main function."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.operatorCodes, self.model.subgraphs, self.model.buffers = [], [], [schema.BufferT()]

    def subgraph(self) -> Subgraph:
        """Add a subgraph."""
        added = schema.SubGraphT()
        added.tensors, added.operators = [], []
        self.model.subgraphs.append(added)
        return Subgraph(self, added)

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class Subgraph:
    """A subgraph under construction; tensors and operators are identified by index."""

    def __init__(self, graph: Graph, subgraph: schema.SubGraphT) -> None:
        self._model, self._subgraph = graph.model, subgraph

    def tensor(self, dtype: str, *shape: int, signature: tuple[int, ...] = ()) -> int:
        """Add a computed tensor and return its index."""
        added = schema.TensorT()
        added.type, added.shape, added.name = _TYPES[dtype], list(shape), f"t{len(self._subgraph.tensors)}"
        added.shapeSignature = list(signature) or None
        self._subgraph.tensors.append(added)
        return len(self._subgraph.tensors) - 1

    def constant(self, values: NDArray[np.generic]) -> int:
        """Add a constant tensor and return its index."""
        number = self.tensor(values.dtype.name, *values.shape)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        self._subgraph.tensors[number].buffer = len(self._model.buffers) - 1
        return number

    def run(self, code: int, inputs: list[int], output: int, options: object = None) -> int:
        """Add an operator and return its output."""
        added = schema.OperatorT()
        added.opcodeIndex, added.inputs, added.outputs = len(self._model.operatorCodes), inputs, [output]
        if options is not None:
            added.builtinOptions = options
            added.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        operator_code = schema.OperatorCodeT()
        operator_code.builtinCode, operator_code.deprecatedBuiltinCode = code, min(code, 127)
        operator_code.version = 1
        self._model.operatorCodes.append(operator_code)
        self._subgraph.operators.append(added)
        return output

    def connect(self, inputs: list[int], outputs: list[int]) -> None:
        """Set the inputs and outputs."""
        self._subgraph.inputs, self._subgraph.outputs = inputs, outputs


def filled(elements: int) -> bytes:
    """Return ``max(fill([elements], x))``; a call uses four bytes for each element."""
    graph = Graph()
    main = graph.subgraph()
    x, size, axis = main.tensor("float32"), main.constant(np.int32([elements])), main.constant(np.int32([0]))
    large = main.run(Operators.FILL, [size, x], main.tensor("float32", elements), schema.FillOptionsT())
    largest = main.run(Operators.REDUCE_MAX, [large, axis], main.tensor("float32"), schema.ReducerOptionsT())
    main.connect([x], [largest])
    return graph.to_bytes()


def endless() -> bytes:
    """Return ``while x == x: x = x + 1``; a call ends only if x is NaN."""
    graph = Graph()
    main, condition, body = graph.subgraph(), graph.subgraph(), graph.subgraph()
    options = schema.WhileOptionsT()
    options.condSubgraphIndex, options.bodySubgraphIndex = 1, 2
    x = main.tensor("float32")
    main.connect([x], [main.run(Operators.WHILE, [x], main.tensor("float32"), options)])
    x = condition.tensor("float32")
    condition.connect([x], [condition.run(Operators.EQUAL, [x, x], condition.tensor("bool"), schema.EqualOptionsT())])
    x, one = body.tensor("float32"), body.constant(np.float32(1.0))
    body.connect([x], [body.run(Operators.ADD, [x, one], body.tensor("float32"), schema.AddOptionsT())])
    return graph.to_bytes()


def remainder(divisor: int | None = -1) -> bytes:
    """Return ``x mod -1`` of integers, or ``x mod y``.

    The smallest integer modulo -1 raises SIGFPE.
    """
    graph = Graph()
    main = graph.subgraph()
    x = main.tensor("int32", 1)
    y = main.tensor("int32", 1) if divisor is None else main.constant(np.int32([divisor]))
    result = main.run(Operators.FLOOR_MOD, [x, y], main.tensor("int32", 1), schema.FloorModOptionsT())
    main.connect([x, y] if divisor is None else [x], [result])
    return graph.to_bytes()


def two_signatures(*, names: tuple[str, ...] = ("double", "serving_default"), first: int = 0) -> bytes:
    """Return subgraphs ``x + x`` and ``x * x``, with one signature per name.

    The first one is of the subgraph ``first``.
    """
    graph = Graph()
    for code, options in ((Operators.ADD, schema.AddOptionsT()), (Operators.MUL, schema.MulOptionsT())):
        part = graph.subgraph()
        x = part.tensor("float32", 1, 2, signature=(-1, 2))
        part.connect([x], [part.run(code, [x, x], part.tensor("float32", 1, 2, signature=(-1, 2)), options)])
    graph.model.signatureDefs = [_signature(name, number) for number, name in enumerate(names, first)]
    return graph.to_bytes()


def _signature(name: str, subgraph: int) -> schema.SignatureDefT:
    signature, source, target = schema.SignatureDefT(), schema.TensorMapT(), schema.TensorMapT()
    source.name, source.tensorIndex, target.name, target.tensorIndex = "x", 0, "y", 1
    signature.signatureKey, signature.subgraphIndex = name, subgraph
    signature.inputs, signature.outputs = [source], [target]
    return signature


def placeholder_too_small() -> bytes:
    """Return a 3 by 3 convolution of images of any size.

    Its placeholder has one pixel, which is too small for the kernel.
    """
    graph = Graph()
    main = graph.subgraph()
    image = main.tensor("float32", 1, 1, 1, 1, signature=(-1, -1, -1, 1))
    kernel, bias = main.constant(np.ones((1, 3, 3, 1), np.float32)), main.constant(np.zeros(1, np.float32))
    options = schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = schema.Padding.VALID, 1, 1
    result = main.tensor("float32", 1, 1, 1, 1, signature=(-1, -1, -1, 1))
    main.connect([image], [main.run(Operators.CONV_2D, [image, kernel, bias], result, options)])
    return graph.to_bytes()
