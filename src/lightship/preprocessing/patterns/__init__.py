"""Regular expressions of RE2 as patterns of Python's re module on bytes.

Only patterns that mean the same in both, and that Python matches in linear time, are translated: RE2 reads UTF-8 and
never backtracks. An unlimited repetition must be of a single character and end its alternative. The compiler refuses
other patterns; a bundle holds the pattern of RE2, which is translated again where its program is built.
"""

from __future__ import annotations

from dataclasses import dataclass

from lightship.preprocessing.patterns.parts import Untranslatable
from lightship.preprocessing.patterns.reader import Reader
from lightship.preprocessing.patterns.rewrites import rewrite_parts, translate_rewrite

__all__ = ["Pattern", "Untranslatable", "rewrite_parts", "translate", "translate_rewrite"]


@dataclass(frozen=True)
class Pattern:
    """Translated pattern.

    Attributes:
        text: for :mod:`re`, one character per byte.
        shortest: bytes of the shortest match.
        groups: number of groups.
        characters: the single ASCII characters that it matches, if it is one class of them.
    """

    text: str
    shortest: int
    groups: int
    characters: str = ""


def translate(pattern: bytes) -> Pattern:
    """Return the translation of a pattern; raises Untranslatable."""
    try:
        reader = Reader(pattern.decode())
    except UnicodeDecodeError:
        raise Untranslatable("the pattern is not UTF-8") from None
    part = reader.alternatives()
    if reader.left():
        raise Untranslatable
    characters = "".join(map(chr, sorted(part.members or ())))
    return Pattern(part.text, part.shortest, reader.groups, characters)
