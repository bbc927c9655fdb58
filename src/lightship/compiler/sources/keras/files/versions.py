"""Keras version that wrote a file, from the text in the file alone.

It selects the package that loads the file: Keras 3 loads some files of Keras 2 without an error, but computes other
values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lightship.errors import SourceRefused

# Major versions for which this environment has a package.
LOADED = (2, 3)

_VERSION = re.compile(r"(\d{1,4})\.\d")
# Arguments of layers that only Keras 1 writes; keys and classes that only Keras 3 writes.
_KERAS1 = frozenset({"W_constraint", "W_regularizer", "b_regularizer", "border_mode", "dim_ordering", "inner_init"}) | {
    "nb_filter", "nb_row", "subsample"
}  # fmt: skip
_KERAS3_KEYS = frozenset({"batch_shape"})
_KERAS3_CLASSES = frozenset({"__keras_tensor__", "DTypePolicy"})


def major(label: str, version: str | None, config: Mapping[str, Any]) -> int:
    """Return the major version, 2 or 3, of the Keras that wrote a file.

    Without a version in the file, its configuration decides. Raises SourceRefused for a version that neither package
    loads.
    """
    found = _VERSION.match(version or "")
    number = int(found[1]) if found else _by_configuration(config)
    if number not in LOADED:
        named = f"keras_version {version:.40}" if found else "by the arguments of its layers"
        raise SourceRefused(_refusal(label, number, named))
    return number


def _refusal(label: str, number: int, named: str) -> str:
    if number < min(LOADED):
        return (
            f"{label} is a file of Keras {number} ({named}), which Lightship does not load: Keras 2.2.4 converts it, "
            "so load it there, save it again and compile that file"
        )
    return (
        f"{label} is a file of Keras {number} ({named}), and this Lightship loads Keras 2 and 3: export it with "
        "model.export() as a SavedModel, or update Lightship"
    )


def _by_configuration(config: Mapping[str, Any]) -> int:
    keys, classes = set[str](), set[str]()
    for node in _dicts(config):
        keys.update(node)
        if isinstance(name := node.get("class_name"), str):
            classes.add(name)
    if keys & _KERAS3_KEYS or classes & _KERAS3_CLASSES:
        return 3
    return 1 if keys & _KERAS1 else 2


def _dicts(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every dictionary inside nested JSON.

    Uses a stack, because files may nest deeper than Python's recursion limit.
    """
    pending = [config]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
