"""Cells of tables: their text as values, by dtype."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship import numerals
from lightship.tensors import TensorSpec

# Values of the text of booleans, in lower case.
BOOLEANS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}

# The widest dtype of each kind of numpy: it holds the numbers of a file, also where the model's dtype is narrower.
WIDEST = {"f": "float64", "i": "int64", "u": "uint64", "b": "bool", "O": "string"}

_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")


@dataclass(frozen=True)
class Cell:
    """Reading of a column's cells.

    Attributes:
        parse: returns the value of a CSV cell's text; raises ValueError or KeyError where the text is wrong.
        expected: the expected content, for a message.
        dtype: dtype of the values in a Parquet file, one of WIDEST.
    """

    parse: Callable[[str], Any]
    expected: str
    dtype: str


def cell_of(spec: TensorSpec) -> Cell:
    """Return the reading of cells that are elements of a tensor."""
    return Cell(parser(spec), describe_cell(spec), WIDEST[spec.numpy.kind])


def parser(spec: TensorSpec) -> Callable[[str], Any]:
    """Return the function that parses a cell; it raises ValueError or KeyError."""
    parse = _PARSERS[spec.numpy.kind]
    if spec.numpy.kind not in "iu":
        return parse
    limits = np.iinfo(spec.numpy)
    least, most = limits.min, limits.max

    def integer(cell: str) -> int:
        number = numerals.integer(cell)
        if not least <= number <= most:
            raise ValueError
        return number

    return integer


def describe_cell(spec: TensorSpec) -> str:
    """Return the expected content of a cell, such as ``a number (float32)``."""
    if spec.numpy.kind in "iu":
        limits = np.iinfo(spec.numpy)
        return f"an integer ({spec.dtype}, {limits.min}..{limits.max})"
    return {"f": f"a number ({spec.dtype})", "b": "true or false"}.get(spec.numpy.kind, spec.dtype)


def refusal(text: str, expected: str) -> str:
    """Return why a CSV cell is refused that is not what was expected."""
    return with_hint(f"{text[:40]!r} is not {expected}", text) if text else "the value is missing"


def with_hint(message: str, cell: Any) -> str:
    """Return a message about a wrong number, with a hint where it has a decimal comma."""
    if isinstance(cell, str) and _DECIMAL_COMMA.fullmatch(cell):
        return f"{message}: write decimal numbers with a point"
    return message


def _boolean(cell: str) -> bool:
    return BOOLEANS[cell.strip().lower()]


# Parser of a cell's text by numpy's dtype kind; each raises ValueError or KeyError.
_PARSERS: dict[str, Callable[[str], Any]] = {
    "f": numerals.real,
    "i": numerals.integer,
    "u": numerals.integer,
    "b": _boolean,
    "O": str,
}
