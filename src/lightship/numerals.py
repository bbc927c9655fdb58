"""Numbers as text, in CSV cells: one grammar for all readers.

A number has digits of ASCII, with an optional sign, decimal point and exponent, or is ``nan``, ``inf`` or ``infinity``
in upper or lower case. White space of ASCII around it is ignored. It is what Python's ``float`` and ``int`` parse,
without underscores and without characters of other scripts.
"""

from __future__ import annotations


def real(text: str) -> float:
    """Return a number; raises ValueError where the text is none."""
    if "_" in text or not text.isascii():
        raise ValueError
    return float(text)


def integer(text: str) -> int:
    """Return an integer, without point and exponent; raises ValueError."""
    if "_" in text or not text.isascii():
        raise ValueError
    return int(text)


def is_number(text: str) -> bool:
    """Return whether text is a number."""
    try:
        real(text)
    except ValueError:
        return False
    return True
