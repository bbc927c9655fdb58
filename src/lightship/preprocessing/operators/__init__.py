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

# Modules of this package, imported when a program needs them.
GROUPS = frozenset(
    {"arrays", "elementwise", "hashing", "literals", "lookup", "ragged", "shapes", "splitting", "strings", "tables"}
    | {"tokenizer", "unicode"}
)


def build(name: str, options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Return the operation of a step; raises KeyError for an unknown operator."""
    group, _, short = name.partition(".")
    if group not in GROUPS:
        raise KeyError(name)
    operators: Mapping[str, Operator] = import_module(f"lightship.preprocessing.operators.{group}").OPERATORS
    return operators[short](options, constants)
