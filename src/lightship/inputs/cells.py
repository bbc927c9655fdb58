"""Parsers of table cells by dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lightship.tensors import TensorSpec

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _boolean(cell: str) -> bool:
    return _BOOLEANS[cell.strip().lower()]


def parser(spec: TensorSpec) -> Callable[[str], Any]:
    """Return the function that parses a cell; it raises ValueError or KeyError."""
    parse = PARSERS[spec.numpy.kind]
    if spec.numpy.kind not in "iu":
        return parse
    limits = np.iinfo(spec.numpy)
    least, most = limits.min, limits.max

    def integer(cell: str) -> int:
        number = int(cell)
        if not least <= number <= most:
            raise ValueError
        return number

    return integer


def describe_cell(spec: TensorSpec) -> str:
    """Return the expected content of a cell: ``float32``, or ``int8 (-128..127)``."""
    if spec.numpy.kind not in "iu":
        return spec.dtype
    limits = np.iinfo(spec.numpy)
    return f"{spec.dtype} ({limits.min}..{limits.max})"


# Parser of a cell's text by numpy's dtype kind; each raises ValueError or KeyError.
PARSERS: dict[str, Callable[[str], Any]] = {"f": float, "i": int, "u": int, "b": _boolean, "O": str}
