"""Check of the schema.json of a .skops file against an allow-list.

skops builds the objects that this file describes: each node names a loader, a module and a class. Every node is checked
here before skops reads the file, so that it imports and builds nothing but the classes of
:mod:`lightship.compiler.sources.sklearn.intake.allowed`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lightship.compiler.sources.sklearn.intake import allowed
from lightship.compiler.sources.sklearn.translate.base import remedy
from lightship.errors import SourceRefused

LARGEST = 64 * 1024**2  # bytes of a schema.json
DEEPEST = 200  # nested nodes; a pipeline of five steps has about 20
MOST_NODES = 500_000
MOST_OUTPUTS = 1000  # targets of a decision tree
_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
PROTOCOLS = (1, 2)  # of skops; in 0, a function's name is not that of its node

Node = dict[str, Any]
_ROOT = ("protocol", "_skops_version")  # keys of the root only
_COPIED = ("DTypeNode", "RandomGeneratorNode", "RandomStateNode", "TreeNode")  # which skops copies, then saves

# What a loader that is never allowed would build, for the message.
_CODE: Mapping[str, str] = {
    "FunctionNode": "the function",
    "MethodNode": "a method of",
    "PartialNode": "a call of",
    "OperatorFuncNode": "the operator",
    "ConstructorFromReduceNode": "a call of",
    "DefaultDictNode": "a factory in",
}
_OTHERS: Mapping[str, str] = {
    "SparseMatrixNode": "the sparse matrix",
    "MaskedArrayNode": "the masked array",
    "BytesNode": "the bytes",
    "BytearrayNode": "the bytes",
}


@dataclass
class Found:
    """Types and array entries that the nodes name, and the least lengths of arrays.

    ``ids`` has the first node of each id, and ``plain`` these nodes for a comparison.
    """

    types: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    lengths: dict[str, int] = field(default_factory=dict)
    ids: dict[int, Node] = field(default_factory=dict)
    plain: dict[int, Any] = field(default_factory=dict)


def parse(label: str, data: bytes) -> Node:
    """Return the root node of a schema.json; raises SourceRefused."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        raise SourceRefused(f"{label} is broken: its schema.json is not JSON, or nested too deeply") from None
    if not isinstance(root, dict) or type(root.get("protocol")) is not int or root["protocol"] not in PROTOCOLS:
        raise SourceRefused(f"{label} is not a file of skops, or of a later version: its protocol is unknown")
    return root


def check(label: str, root: Node) -> Found:
    """Check every node; raises SourceRefused, which names the class."""
    found = Found()
    waiting: list[tuple[Any, int]] = [(root, 0)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > DEEPEST or count > MOST_NODES:
            raise SourceRefused(
                f"{label} is refused: its schema.json nests more than {DEEPEST} objects or holds more than {MOST_NODES}"
            )
        waiting += [(child, depth + 1) for child in _children(label, node, found)]
    return found


def _children(label: str, node: Any, found: Found) -> list[Any]:
    """Check one node and return the nodes inside of it."""
    if not isinstance(node, dict) or not all(
        isinstance(node.get(key), str) for key in ("__loader__", "__module__", "__class__")
    ):
        raise _broken(label, "a part without a class")
    loader = node["__loader__"]
    if loader not in _LOADERS:
        raise _refused(label, node)
    pairs, children = _LOADERS[loader]
    if (node["__module__"], node["__class__"]) not in pairs:
        raise _refused(label, node)
    _check_id(label, node, found)
    if pairs in _TRUSTED:
        found.types.add(f"{node['__module__']}.{node['__class__']}")
    try:
        return list(children(node, found))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _broken(label, f"a {node['__class__']:.80} without its content") from None


def _check_id(label: str, node: Node, found: Found) -> None:
    """Check that nodes of one id, of which skops builds the first, are equal."""
    if (number := node.get("__id__")) is None:
        return
    if type(number) is not int:
        raise _broken(label, "an id that is not an integer")
    first = found.ids.setdefault(number, node)
    if first is node:
        return
    try:
        plain = found.plain[number] = found.plain.get(number) or _plain(first)
        equal = plain == _plain(node)
    except RecursionError:
        equal = False
    if not equal:
        raise _broken(label, "two objects of one id")


def _plain(value: Any) -> Any:
    """Return a node without what differs where skops saves one object twice.

    These are the ids of objects that exist only while it saves, and content that skops copies each time it saves. Each
    node is checked with the content that it has.
    """
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    copied = ("content", "__reduce__") if value.get("__loader__") in _COPIED else ()
    skipped = (*_ROOT, "__id__", *copied)
    return {key: _plain(item) for key, item in value.items() if key not in skipped}


# The content of an object without attributes.
_NULL = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "null", "is_json": True}


def _attributes(node: Node, _: Found) -> Iterator[Any]:
    content = node.get("content")
    if content is not None and content != _NULL | {"__id__": content.get("__id__")}:
        if content["__loader__"] not in ("DictNode", "TupleNode"):
            raise ValueError
        yield content


def _reduced(node: Node, _: Found) -> Iterator[Any]:
    arguments, content = node["__reduce__"]["args"], node["content"]
    if arguments["__loader__"] != "TupleNode" or content["__loader__"] not in ("DictNode", "TupleNode"):
        raise ValueError
    yield from (arguments, content)


def _tree(node: Node, found: Found) -> Iterator[Any]:
    """Yield the parts of a decision tree, whose class reads a number per output."""
    _, classes, outputs = node["__reduce__"]["args"]["content"]
    count = int(json.loads(outputs["content"]))
    if classes["__loader__"] != "NdArrayNode" or not 0 < count <= MOST_OUTPUTS:
        raise ValueError
    found.lengths[str(classes["file"])] = max(count, found.lengths.get(str(classes["file"]), 0))
    return _reduced(node, found)


def _generator(node: Node, _: Found) -> Iterator[Any]:
    """Yield the states of a random generator, which only fit uses."""
    state, seeds = node["content"]["bit_generator"], node["content"]["seed_seq"]
    if state["__loader__"] != "DictNode" or seeds["__loader__"] != "DictNode":
        raise ValueError
    if json.loads(state["content"]["bit_generator"]["content"]) not in _BIT_GENERATORS:
        raise ValueError
    yield from (state, seeds)


def _dictionary(node: Node, _: Found) -> Iterator[Any]:
    types = node["key_types"]
    if types["__loader__"] != "ListNode" or any(each["__loader__"] != "TypeNode" for each in types["content"]):
        raise ValueError
    yield types
    yield from dict(node["content"]).values()


def _items(node: Node, _: Found) -> Iterator[Any]:
    if not isinstance(node["content"], list):
        raise TypeError
    return iter(node["content"])


def _array(node: Node, found: Found) -> Iterator[Any]:
    if node["type"] == "numpy":
        found.arrays.add(str(node["file"]))
        return iter(())
    if node["type"] != "json" or node["shape"]["__loader__"] != "TupleNode":
        raise ValueError
    return iter([node["shape"], *node["content"]])


def _dtype(node: Node, _: Found) -> Iterator[Any]:
    if node["content"]["__loader__"] != "NdArrayNode":
        raise ValueError
    yield node["content"]


def _random(node: Node, _: Found) -> Iterator[Any]:
    if node["content"]["__loader__"] != "DictNode":
        raise ValueError
    yield node["content"]


def _text(node: Node, _: Found) -> Iterator[Any]:
    if not isinstance(node["content"], str):
        raise TypeError
    return iter(())


def _slice(node: Node, _: Found) -> Iterator[Any]:
    if not all(node["content"][key] is None or type(node["content"][key]) is int for key in ("start", "stop", "step")):
        raise TypeError
    return iter(())


def _nothing(node: Node, _: Found) -> Iterator[Any]:
    return iter(())


_Pairs = frozenset[tuple[str, str]]
# Allowed (module, class) and the function that returns a node's children, by loader.
_LOADERS: Mapping[str, tuple[_Pairs, Callable[[Node, Found], Iterator[Any]]]] = {
    "DictNode": (allowed.DICTIONARIES, _dictionary),
    "ListNode": (allowed.LISTS, _items),
    "TupleNode": (frozenset({("builtins", "tuple")}), _items),
    "SetNode": (frozenset({("builtins", "set")}), _items),
    "JsonNode": (frozenset({("builtins", "str")}), _text),
    "SliceNode": (frozenset({("builtins", "slice")}), _slice),
    "TypeNode": (allowed.TYPES, _nothing),
    "NdArrayNode": (allowed.ARRAYS, _array),
    "DTypeNode": (allowed.DTYPES, _dtype),
    "RandomStateNode": (frozenset({("numpy.random.mtrand", "RandomState"), ("numpy.random", "RandomState")}), _random),
    "RandomGeneratorNode": (frozenset({("numpy.random._generator", "Generator")}), _generator),
    "ObjectNode": (allowed.OBJECTS, _attributes),
    "LossNode": (allowed.REDUCED, _reduced),
    "TreeNode": (allowed.TREES, _tree),
    "FunctionNode": (allowed.FUNCTIONS, _nothing),
}

# Classes that skops builds only if its caller names them.
_TRUSTED = (allowed.OBJECTS, allowed.REDUCED, allowed.TREES, allowed.FUNCTIONS, allowed.DTYPES, allowed.TYPES)


def _broken(label: str, what: str) -> SourceRefused:
    return SourceRefused(f"{label} is broken: its schema.json holds {what}")


def _refused(label: str, node: Node) -> SourceRefused:
    loader, name = node["__loader__"], f"{node['__module__']:.80}.{node['__class__']:.80}"
    if loader in _CODE:
        return SourceRefused(
            f"{label} is refused: it holds {_CODE[loader]} {name}, which is code and cannot be translated: replace "
            "functions by scikit-learn's transformers, and numpy.random.Generator by an integer random_state"
        )
    if loader in _OTHERS:
        return SourceRefused(f"{label} is refused: it holds {_OTHERS[loader]} {name}, which no translation reads")
    what = remedy(node["__module__"], node["__class__"])
    return SourceRefused(f"{label} is refused: it holds {name}, which cannot be compiled: {what}")
