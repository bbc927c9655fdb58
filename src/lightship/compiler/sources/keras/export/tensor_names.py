"""Names of inputs and outputs that TensorFlow, files and Python accept."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence

# TensorFlow makes the tensors of a signature parameters of a Python method.
_RESERVED = frozenset({"self", *keyword.kwlist})


def sanitize(names: Iterable[str], *, fallback: str) -> list[str]:
    """Return unique names that consist of A-Z, a-z, 0-9 and ``_``.

    They begin with a letter or digit. Accents are dropped and other characters become ``_``; ``fallback`` replaces
    names that become empty.
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
    """Return a note for each input or output whose name differs from the model's."""
    return [
        f"the {side} '{name}' is called '{renamed}': requests use this name"
        for name, renamed in zip(names, fitted, strict=True)
        if name != renamed
    ]


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    unaccented = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"[^A-Za-z0-9_]", "_", unaccented).lstrip("_")
