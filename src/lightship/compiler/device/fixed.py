"""Change of a .tflite file: one signature, every size fixed, no inputs of int64."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder

from lightship.engines.litert import plain_name

Shape = tuple[int, ...]

_IDENTIFIER = b"TFL3"
_OPTIONS = ("builtinOptions", "builtinOptions2")


class FixedModel:
    """The part of a .tflite file that one signature needs.

    Args:
        content: the file, which LiteRT has loaded.
        signature: name of the signature; a file without signatures has one graph.
    """

    def __init__(self, content: bytes, signature: str) -> None:
        self._model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
        signatures = self._model.signatureDefs or []
        self._signature = next((each for each in signatures if each.signatureKey.decode() == signature), None)
        main = self._signature.subgraphIndex if self._signature else 0
        self._numbers = list(_reachable(self._model, main))
        fixed = len(signatures) <= 1 and not any(map(_is_dynamic, self._tensors()))
        self.is_fixed = fixed and not any(map(_is_wide, self._named("inputs").values()))

    @property
    def has_variables(self) -> bool:
        """Return whether tensors keep their values from one call to the next."""
        return any(tensor.isVariable for tensor in self._tensors())

    def is_dynamic(self, name: str, axis: int) -> bool:
        """Return whether the size of an input's axis is not fixed."""
        tensor = self._named("inputs")[name]
        return tensor.shapeSignature is not None and tensor.shapeSignature[axis] < 0

    def fix(self, *, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> None:
        """Give inputs and outputs these shapes; LiteRT computes all others from them."""
        for tensor in self._tensors():
            tensor.shapeSignature = None
        for side, shapes in (("inputs", inputs), ("outputs", outputs)):
            tensors = self._named(side)
            for name, shape in shapes.items():
                tensors[name].shape = list(shape)

    def narrow(self) -> None:
        """Give inputs of int64 the dtype int32; the graph casts them first.

        LiteRT.js has no tensors of int64.
        """
        graph = self._model.subgraphs[self._numbers[0]]
        for number in [number for number in graph.inputs if _is_wide(graph.tensors[number])]:
            wide, narrow = graph.tensors[number], copy(graph.tensors[number])
            narrow.type = schema.TensorType.INT32
            wide.name += b"/wide"
            graph.tensors.append(narrow)
            added = len(graph.tensors) - 1
            graph.operators = [self._cast(added, number), *(graph.operators or [])]
            graph.inputs = [added if each == number else each for each in graph.inputs]
            for entry in self._signature.inputs if self._signature else ():
                entry.tensorIndex = added if entry.tensorIndex == number else entry.tensorIndex

    def _cast(self, source: int, target: int) -> Any:
        """Return the operator from a tensor of int32 to one of int64."""
        operator, options = schema.OperatorT(), schema.CastOptionsT()
        options.inDataType, options.outDataType = schema.TensorType.INT32, schema.TensorType.INT64
        operator.opcodeIndex = self._code(schema.BuiltinOperator.CAST)
        operator.inputs, operator.outputs = [source], [target]
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.CastOptions, options
        return operator

    def _code(self, builtin: int) -> int:
        """Return the number of an operator in the file's list, which is added if needed."""
        codes = self._model.operatorCodes
        for number, code in enumerate(codes):
            if builtin in (code.builtinCode, code.deprecatedBuiltinCode):
                return number
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 1
        codes.append(code)
        return len(codes) - 1

    def to_bytes(self) -> bytes:
        """Return the file; equal models give equal bytes."""
        model = self._model
        graphs, renumbered = model.subgraphs, {number: new for new, number in enumerate(self._numbers)}
        model.subgraphs = [graphs[number] for number in self._numbers]
        for graph in model.subgraphs:
            for options, field, number in _references(graph):
                setattr(options, field, renumbered[number])
        model.signatureDefs = [self._signature] if self._signature else None
        if self._signature:
            self._signature.subgraphIndex = 0
        self._numbers = list(range(len(model.subgraphs)))
        self._drop_buffers()
        builder = Builder(1024)
        builder.Finish(model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())

    def _drop_buffers(self) -> None:
        """Empty the buffers of graphs that were left out; their numbers stay."""
        used = {tensor.buffer for tensor in self._tensors()}
        used.update(entry.buffer for entry in self._model.metadata or [])
        used.update(self._model.metadataBuffer if self._model.metadataBuffer is not None else [])
        for number, buffer in enumerate(self._model.buffers):
            if number not in used:
                buffer.data = None

    def _tensors(self) -> Iterator[Any]:
        for number in self._numbers:
            yield from self._model.subgraphs[number].tensors or []

    def _named(self, side: str) -> dict[str, Any]:
        """Return the main graph's tensors by their names in the signature."""
        graph = self._model.subgraphs[self._numbers[0]]
        if self._signature:
            entries = getattr(self._signature, side) or []
            return {entry.name.decode(): graph.tensors[entry.tensorIndex] for entry in entries}
        tensors = [graph.tensors[number] for number in getattr(graph, side)]
        return {plain_name(tensor.name.decode()): tensor for tensor in tensors}


def _is_wide(tensor: Any) -> bool:
    return bool(tensor.type == schema.TensorType.INT64)


def _is_dynamic(tensor: Any) -> bool:
    return tensor.shapeSignature is not None and any(size < 0 for size in tensor.shapeSignature)


def _reachable(model: Any, main: int) -> Iterator[int]:
    """Yield the number of a graph, then those of the graphs that it calls."""
    waiting, seen = [main], {main}
    while waiting:
        number = waiting.pop(0)
        yield number
        called = {called for _, _, called in _references(model.subgraphs[number])}
        waiting.extend(sorted(called - seen))
        seen |= called


def _references(graph: Any) -> Iterator[tuple[Any, str, int]]:
    """Yield the fields of operators' options that number another graph."""
    for operator in graph.operators or []:
        for options in filter(None, (getattr(operator, name) for name in _OPTIONS)):
            for field, value in vars(options).items():
                if field.lower().endswith(("subgraph", "subgraphindex")) and value >= 0:
                    yield options, field, int(value)
