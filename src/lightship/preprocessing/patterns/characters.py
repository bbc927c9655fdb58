"""Characters and classes of characters, as parts of a pattern on bytes of UTF-8."""

from __future__ import annotations

import string
from collections.abc import Iterable

from lightship.preprocessing.patterns.parts import Part, Untranslatable

_CHARACTER = r"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
_ASCII = frozenset(range(128))
_DIGITS = frozenset(map(ord, string.digits))
_WORDS = frozenset(map(ord, string.digits + string.ascii_letters + "_"))
_SPACES = frozenset(map(ord, "\t\n\f\r "))
CLASSES = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
NAMED = {
    "alnum": frozenset(map(ord, string.digits + string.ascii_letters)),
    "alpha": frozenset(map(ord, string.ascii_letters)),
    "digit": _DIGITS,
    "lower": frozenset(map(ord, string.ascii_lowercase)),
    "punct": frozenset(map(ord, string.punctuation)),
    "space": _SPACES | {0x0B},
    "upper": frozenset(map(ord, string.ascii_uppercase)),
    "word": _WORDS,
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}


def escaped(character: str) -> str:
    """Return the character that follows a backslash; raises Untranslatable."""
    if character in _CONTROLS:
        return _CONTROLS[character]
    if character not in string.punctuation:
        raise Untranslatable
    return character


def code_of(character: str) -> int:
    """Return the code of an ASCII character; raises Untranslatable for others."""
    if ord(character) >= 128:
        raise Untranslatable
    return ord(character)


def literal(character: str) -> Part:
    """Return the part that matches a character."""
    encoded = character.encode()
    return Part(_escapes(encoded), len(encoded), single=True)


def class_part(members: frozenset[int], *, negated: bool) -> Part:
    """Return the part that matches one of the characters, or one of all others."""
    if negated:
        others = f"{_brackets(_ASCII - members)}|" if _ASCII - members else ""
        return Part(f"(?:{others}{_CHARACTER})", 1, single=True)
    if not members:
        raise Untranslatable
    return Part(_brackets(members), 1, single=True, members=members)


def _brackets(members: frozenset[int]) -> str:
    return f"[{_escapes(sorted(members))}]"


def _escapes(codes: Iterable[int]) -> str:
    return "".join(f"\\x{code:02x}" for code in codes)
