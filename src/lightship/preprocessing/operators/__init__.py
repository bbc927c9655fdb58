"""Operators of preprocessing programs, in one module per group.

An operator is named ``group.name``. Each module has a mapping ``OPERATORS`` of names to functions that build an
operation from a step's options and its constant inputs. Adding a group: a module, an entry in ``GROUPS``, a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from lightship.preprocessing.operators.base import Operation, Operator
from lightship.tensors import Array

# Groups by the package of their modules, which are imported when a program needs them.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "texts": ("literals", "splitting", "strings", "tokenizer", "unicode"),
    "tensors": ("arrays", "elementwise", "ragged", "shapes"),
    "features": ("hashing", "lookup", "tables"),
}
_MODULES = {group: f"{__name__}.{package}.{group}" for package, groups in GROUPS.items() for group in groups}


def build(name: str, options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Return the operation of a step; raises KeyError for an unknown operator."""
    group, _, short = name.partition(".")
    if group not in _MODULES:
        raise KeyError(name)
    operators: Mapping[str, Operator] = import_module(_MODULES[group]).OPERATORS
    return operators[short](options, constants)
