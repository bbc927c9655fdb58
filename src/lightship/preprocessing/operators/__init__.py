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

# Modules by group, imported when a program needs them.
GROUPS: Mapping[str, str] = {
    "arrays": "lightship.preprocessing.operators.arrays",
    "tokenizer": "lightship.preprocessing.operators.tokenizer",
    "elementwise": "lightship.preprocessing.operators.elementwise",
    "hashing": "lightship.preprocessing.operators.hashing",
    "literals": "lightship.preprocessing.operators.literals",
    "lookup": "lightship.preprocessing.operators.lookup",
    "ragged": "lightship.preprocessing.operators.ragged",
    "shapes": "lightship.preprocessing.operators.shapes",
    "splitting": "lightship.preprocessing.operators.splitting",
    "strings": "lightship.preprocessing.operators.strings",
    "unicode": "lightship.preprocessing.operators.unicode",
    "tables": "lightship.preprocessing.operators.tables",
}


def build(name: str, options: Mapping[str, Any], constants: Mapping[int, Array]) -> Operation:
    """Return the operation of a step; raises KeyError for an unknown operator."""
    group, _, short = name.partition(".")
    operators: Mapping[str, Operator] = import_module(GROUPS[group]).OPERATORS
    return operators[short](options, constants)
