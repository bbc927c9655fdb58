"""Cut of a frozen graph: lifted operators, and tensors that cross the border."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from lightship.compiler.graph.constants import constant
from lightship.compiler.lifting.translation import NotLiftable, Translated, translate

# Operators that LiteRT lacks, mostly on strings and ragged tensors: they and all that they depend on are lifted.
REQUIRED = frozenset(
    {"AsString", "RaggedBincount", "RaggedTensorToTensor", "RegexFullMatch", "RegexReplace", "SparseCross"}
    | {"SparseCrossHashed", "SparseCrossV2", "StaticRegexFullMatch", "StaticRegexReplace", "StringJoin"}
    | {"StringLength", "StringLower", "StringNGrams", "StringSplit", "StringSplitV2", "StringStrip"}
    | {"StringToHashBucket", "StringToHashBucketFast", "StringToHashBucketStrong", "StringToNumber", "StringUpper"}
    | {"Substr", "UnicodeDecode", "UnicodeDecodeWithOffsets", "UnicodeEncode", "UnicodeScript", "UnicodeTranscode"}
    | {"ReduceJoin", "UnsortedSegmentJoin", "StringFormat", "DecodeCSV", "DecodeBase64", "EncodeBase64"}
)
# Comparisons, which are required only for strings: LiteRT returns another shape where one side is a scalar.
COMPARISONS = frozenset({"Equal", "NotEqual"})
# Operators that are lifted if what they take is: their results are fewer or smaller than their inputs.
_BROADCASTING = frozenset({"AddV2", "Equal", "FloorMod", "LogicalAnd", "LogicalOr", "NotEqual", "SelectV2"})
_FOLLOWING = _BROADCASTING | frozenset(
    {"LogicalNot", "LookupTableFindV2", "OnesLike", "Reshape", "SparseToDense", "Squeeze", "ZerosLike"}
)
# Operators whose results have rows that are not those of the batch, such as one row for each word, and the operators
# that make rows of the batch of them again. LiteRT lacks many operators between them.
_UNALIGNED = frozenset({"SparseCross", "StringNGrams", "StringSplitV2", "UnicodeDecode"})
_ALIGNED = frozenset({"DenseBincount", "RaggedBincount", "RaggedTensorToTensor", "SparseToDense"})
_SOURCES = frozenset({"Placeholder", "Const"})


@dataclass(frozen=True)
class Cut:
    """Border through a tf.Graph.

    Attributes:
        steps: lifted operations with their translations, in an order in which they can run.
        crossing: tensors of lifted operations that other operations, or results, need.
        required: names of the operators for which the graph was cut.
    """

    steps: tuple[tuple[Any, Translated], ...]
    crossing: tuple[Any, ...]
    required: tuple[str, ...]


def find_cut(graph: Any, results: Collection[str], tables: Collection[str]) -> Cut | None:
    """Return the cut of a tf.Graph; None where no result needs a required operator.

    ``results`` are names of tensors, ``tables`` those placeholders that are tables. Raises NotLiftable where a required
    operator depends on one that has no translation.
    """
    needed = _ancestors([graph.get_tensor_by_name(name).op for name in results])
    required = [operation for operation in needed if _is_required(operation)]
    if not required:
        return None
    analysis = _Analysis(needed, tables)
    analysis.lift(required)
    while analysis.spread():
        pass
    steps = tuple((operation, analysis.steps[operation.name]) for operation in analysis.lifted())
    crossing = tuple(analysis.crossing(results))
    _check(crossing)
    return Cut(steps, crossing, tuple(dict.fromkeys(operation.type for operation in required)))


def _is_required(operation: Any) -> bool:
    compares = operation.type in COMPARISONS and operation.inputs[0].dtype.name == "string"
    return operation.type in REQUIRED or bool(compares)


def shape_of(tensor: Any) -> Any:
    """Return a tensor's tf.TensorShape.

    TensorFlow does not infer that of a lookup's result, which is the queries', nor those of results computed from it.
    """
    operation = tensor.op
    if tensor.shape.rank is not None:
        return tensor.shape
    if operation.type in {"LookupTableFindV2", "ZerosLike", "OnesLike", "Identity", "LogicalNot"}:
        return shape_of(operation.inputs[operation.type == "LookupTableFindV2"])
    if operation.type == "RaggedBincount":
        return _counts_shape(operation)
    if operation.type in _BROADCASTING:
        return _broadcast([shape_of(each) for each in operation.inputs], unknown=tensor.shape)
    return tensor.shape


def _counts_shape(operation: Any) -> Any:
    """Return the shape of counts by row; the number of columns is often constant."""
    import tensorflow as tf

    size = constant(operation.inputs[2])
    return tf.TensorShape([None, None if size is None else int(size)])


def _broadcast(shapes: list[Any], *, unknown: Any) -> Any:
    import tensorflow as tf

    common = shapes[0]
    for shape in shapes[1:]:
        try:
            common = tf.broadcast_static_shape(common, shape)
        except ValueError:
            return unknown
    return common


def _check(crossing: Collection[Any]) -> None:
    for tensor in crossing:
        if shape_of(tensor).rank is None:
            raise NotLiftable(tensor.op.type)


class _Analysis:
    """The operations that results need, in topological order, and what can be lifted."""

    def __init__(self, needed: list[Any], tables: Collection[str]) -> None:
        self._needed = needed
        self._tables = tables
        self._lifted: set[str] = set()
        self.steps: dict[str, Translated] = {}
        self._blocked: dict[str, str] = {}
        self._computed: set[str] = set()
        self._unaligned: set[str] = set()
        for operation in needed:
            self._add(operation)

    def _add(self, operation: Any) -> None:
        """Record whether an operation can be lifted, or which operator prevents it."""
        before = [tensor.op.name for tensor in operation.inputs]
        if operation.type not in _SOURCES:
            try:
                self.steps[operation.name] = self._translated(operation)
            except NotLiftable as error:
                self._blocked[operation.name] = error.operator
        if any(name in self._computed for name in before) or operation.type not in {*_SOURCES, "Identity"}:
            self._computed.add(operation.name)
        if operation.type not in _ALIGNED and (operation.type in _UNALIGNED or self._unaligned.intersection(before)):
            self._unaligned.add(operation.name)
        blocks = [self._blocked[name] for name in before if name in self._blocked]
        if blocks:
            self._blocked[operation.name] = blocks[0]

    def _translated(self, operation: Any) -> Translated:
        if operation.type == "LookupTableFindV2" and origin(operation.inputs[0]).op.name not in self._tables:
            raise NotLiftable(operation.type)
        return translate(operation)

    def lift(self, operations: Collection[Any]) -> None:
        """Lift operations and all that they depend on; raises NotLiftable."""
        for operation in operations:
            if operation.name in self._blocked:
                raise NotLiftable(operation.type, because=self._blocked[operation.name])
        self._lifted |= {operation.name for operation in _ancestors(operations)}

    def spread(self) -> bool:
        """Lift operations that take strings, or lifted tensors only; return if any was."""
        found = [operation for operation in self._needed if self._follows(operation)]
        self.lift(found)
        return bool(found)

    def _follows(self, operation: Any) -> bool:
        if operation.name in self._lifted | self._blocked.keys() or operation.type in {*_SOURCES, "Identity"}:
            return False
        if any(tensor.dtype.name == "string" or tensor.op.name in self._unaligned for tensor in operation.inputs):
            return bool(operation.type != "GatherV2")  # the table of an embedding, which may be large
        computed = [name for name in (origin(each).op.name for each in operation.inputs) if name in self._computed]
        return operation.type in _FOLLOWING and bool(computed) and all(name in self._lifted for name in computed)

    def lifted(self) -> Iterator[Any]:
        """Yield the lifted operations that compute something."""
        for operation in self._needed:
            if operation.name in self._lifted and operation.type not in _SOURCES:
                yield operation

    def crossing(self, results: Collection[str]) -> Iterator[Any]:
        """Yield the computed tensors of lifted operations that others take."""
        others = [operation for operation in self._needed if operation.name not in self._lifted]
        taken = [tensor for operation in others for tensor in operation.inputs]
        last = [tensor for operation in self._needed for tensor in operation.outputs if tensor.name in results]
        found = {each.name: each for each in (*taken, *last) if each.op.name in self._lifted & self._computed}
        yield from found.values()


def origin(tensor: Any) -> Any:
    """Return the tensor that Identity operations passed on as this one."""
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor


def _ancestors(operations: Collection[Any]) -> list[Any]:
    """Return operations and those that they depend on, each after what it takes."""
    found: dict[str, Any] = {}
    waiting = [(operation, False) for operation in operations]
    while waiting:
        operation, done = waiting.pop()
        if operation.name in found:
            continue
        if done:
            found[operation.name] = operation
        else:
            waiting.append((operation, True))
            waiting.extend((tensor.op, False) for tensor in operation.inputs if tensor.op.name not in found)
    return list(found.values())
