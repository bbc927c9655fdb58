"""Inputs of a SavedModel that take serialised tf.Example messages.

TensorFlow Serving's ``classify`` and ``regress`` send only these. In the graph, the signature's string tensor reaches a
parsing operator whose attributes and constant inputs name the features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from lightship.graphs import functions_of, node_name

Kind = Mapping[str, Any]
Feature = tuple[str, Any, tuple[int | None, ...]]  # name, TensorFlow's dtype enum, shape

_LAST_UNKNOWN_SCALAR = 21  # last graph version in which a scalar placeholder shape means unknown
_PASS_THROUGH = ("Identity", "EnsureShape", "Reshape", "PlaceholderWithDefault", "StopGradient")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def example_kinds(meta: Any) -> dict[tuple[str, str], Kind]:
    """Return ``TensorSpec.kind`` of the inputs that take tf.Example messages.

    ``meta`` is a MetaGraphDef; the keys are names of signature and input.
    """
    found: dict[tuple[str, str], Kind] = {}
    for signature, definition in meta.signature_def.items():
        for name, tensor in definition.inputs.items():
            features = _features(meta.graph_def, tensor.name)
            if features:
                found[signature, name] = {"type": "example", "features": features}
    return found


def set_vector_shapes(meta: Any) -> bool:
    """Declare inputs for tf.Example messages as vectors; return whether any changed.

    Applies to placeholders of unknown rank. TensorFlow Serving and the parsing operators require vectors; other shapes
    are derived from them.
    """
    inputs = [meta.signature_def[signature].inputs[name].name for signature, name in example_kinds(meta)]
    names = {node_name(tensor) for tensor in inputs}
    changed = False
    for node in meta.graph_def.node:
        if node.name in names and node.op == "Placeholder" and _rank_unknown(node, meta.graph_def.versions.producer):
            node.attr["shape"].shape.Clear()
            node.attr["shape"].shape.dim.add(size=-1)
            changed = True
    return changed


def _rank_unknown(node: Any, producer: int) -> bool:
    shape = node.attr["shape"].shape
    return shape.unknown_rank or "shape" not in node.attr or (not shape.dim and producer <= _LAST_UNKNOWN_SCALAR)


def _features(graph_def: Any, tensor: str) -> dict[str, Any]:
    """Return the features that a tensor is parsed into, sorted by name.

    Empty where no parsing operator reads the tensor.
    """
    from tensorflow import dtypes

    features = {
        name: {"dtype": dtypes.as_dtype(dtype).name, "shape": list(shape)}
        for parser in _parsers(graph_def, tensor)
        for name, dtype, shape in _PARSERS[parser.node.op](parser)
    }
    return dict(sorted(features.items()))


@dataclass(frozen=True)
class _Parser:
    """A parsing operator, and the nodes that contain its inputs."""

    node: Any
    nodes: Iterable[Any]

    def names(self, inputs: Iterable[str]) -> list[str]:
        """Return the feature names in constant inputs; other inputs are skipped."""
        from tensorflow import make_ndarray

        constants = {node.name: node.attr["value"].tensor for node in self.nodes if node.op == "Const"}
        constant = [constants[node_name(name)] for name in inputs if node_name(name) in constants]
        return [text.decode() for tensor in constant for text in make_ndarray(tensor).ravel()]

    def dense(self, names: Iterable[str]) -> Iterator[Feature]:
        """Yield dense features; only the first dimension may be variable."""
        for name, dtype, shape in zip(
            names, self.node.attr["Tdense"].list.type, self.node.attr["dense_shapes"].list.shape, strict=False
        ):
            yield name, dtype, tuple(None if dim.size < 0 else dim.size for dim in shape.dim)

    def any_length(self, names: Iterable[str], dtypes: str) -> Iterator[Feature]:
        """Return sparse or ragged features, which have any number of values.

        ``dtypes`` is the attribute with their dtypes.
        """
        return zip(names, self.node.attr[dtypes].list.type, repeat((None,)))


def _parse_example(parser: _Parser) -> Iterator[Feature]:
    """Yield the features of a ParseExample node.

    Inputs: serialized, names, a key for each sparse and dense feature, the defaults of the dense ones.
    """
    sparse = 2 + parser.node.attr["Nsparse"].i
    dense = sparse + parser.node.attr["Ndense"].i
    yield from parser.any_length(parser.names(parser.node.input[2:sparse]), "sparse_types")
    yield from parser.dense(parser.names(parser.node.input[sparse:dense]))


def _parse_example_v2(parser: _Parser) -> Iterator[Feature]:
    """Yield the features of a ParseExampleV2 node.

    Inputs: serialized, names, vectors of sparse, dense and ragged keys, the defaults of the dense ones.
    """
    sparse, dense, ragged = (parser.names([name]) for name in parser.node.input[2:5])
    yield from parser.any_length(sparse, "sparse_types")
    yield from parser.dense(dense)
    yield from parser.any_length(ragged, "ragged_value_types")


def _parse_single_example(parser: _Parser) -> Iterator[Feature]:
    """Yield the features of a ParseSingleExample node; keys are attributes."""
    sparse, dense = ([key.decode() for key in parser.node.attr[f"{kind}_keys"].list.s] for kind in ("sparse", "dense"))
    yield from parser.any_length(sparse, "sparse_types")
    yield from parser.dense(dense)


_PARSERS: Mapping[str, Callable[[_Parser], Iterator[Feature]]] = {
    "ParseExample": _parse_example,
    "ParseExampleV2": _parse_example_v2,
    "ParseSingleExample": _parse_single_example,
}


def _parsers(graph_def: Any, tensor: str) -> Iterator[_Parser]:
    """Yield the parsing operators that a tensor reaches unchanged.

    ``tensor`` belongs to the main graph; function calls are followed.
    """
    functions = functions_of(graph_def)
    pending, seen = [("", node_name(tensor))], set[tuple[str, str]]()
    while pending:
        function, name = key = pending.pop()
        if key in seen:
            continue
        seen.add(key)
        nodes = functions[function].node_def if function else graph_def.node
        for node, index in _consumers(nodes, name):
            if node.op in _PARSERS and index == 0:
                yield _Parser(node, nodes)
            elif node.op in _PASS_THROUGH and index == 0:
                pending.append((function, node.name))
            elif called := functions.get(node.attr["f"].func.name if node.op in _CALLS else node.op):
                arguments = called.signature.input_arg[index : index + 1]
                pending.extend((called.signature.name, argument.name) for argument in arguments)


def _consumers(nodes: Iterable[Any], name: str) -> Iterator[tuple[Any, int]]:
    """Yield each node that reads the tensor, with the index of the input."""
    for node in nodes:
        for index, tensor in enumerate(node.input):
            if not tensor.startswith("^") and node_name(tensor) == name:
                yield node, index
