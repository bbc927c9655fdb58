"""Names of a Keras model's inputs and outputs that TensorFlow, files and Python's keywords can hold."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence

# TensorFlow makes a signature's tensors parameters of a Python method.
_RESERVED = frozenset({"self", *keyword.kwlist})


def sanitized(names: Iterable[str], *, fallback: str) -> list[str]:
    """Return unique names of A-Z, a-z, 0-9 and ``_`` that begin with a letter or digit.

    Accents are dropped, other characters become ``_``; ``fallback`` is for names of which nothing remains.
    """
    fitted: list[str] = []
    for name in names:
        base = _plain(name) or fallback
        unique, number = f"{base}_" if base in _RESERVED else base, 1
        while unique in fitted:
            unique, number = f"{base}_{number}", number + 1
        fitted.append(unique)
    return fitted


def rename_notes(side: str, names: Sequence[str], fitted: Sequence[str]) -> list[str]:
    """Return a sentence for each ``input`` or ``output`` that is not called as in its model."""
    return [
        f"the {side} '{name}' is called '{fit}': requests use this name"
        for name, fit in zip(names, fitted, strict=True)
        if name != fit
    ]


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    unaccented = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"[^A-Za-z0-9_]", "_", unaccented).lstrip("_")
