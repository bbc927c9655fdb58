"""Regular expressions of RE2 as patterns of Python's re module on bytes.

Only patterns that mean the same in both, and that Python matches in linear time, are translated: RE2 reads UTF-8 and
never backtracks. An unlimited repetition must be of a single character and end its alternative. The compiler refuses
other patterns; a bundle holds the pattern of RE2, which is translated again where its program is built.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CHARACTER = r"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})"
_ASCII = frozenset(range(128))
_DIGITS = frozenset(map(ord, string.digits))
_WORDS = frozenset(map(ord, string.digits + string.ascii_letters + "_"))
_SPACES = frozenset(map(ord, "\t\n\f\r "))
_CLASSES = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_NAMED = {
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
_REPETITION = re.compile(r"\*|\+|\?|\{(0|[1-9][0-9]?)(,(0|[1-9][0-9]?)?)?\}")
_BRACES = re.compile(r"\{[0-9]+(,[0-9]*)?\}")
_MOST_WORK = 1000  # attempts at one position
_MOST_CHARACTERS = 10_000  # of a pattern
_MOST_REWRITTEN = 1000  # bytes of a rewrite, and its groups
_DEEPEST = 50  # groups inside of groups


class Untranslatable(ValueError):
    """Pattern that Python's re cannot run as RE2 does."""


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
        reader = _Reader(pattern.decode())
    except UnicodeDecodeError:
        raise Untranslatable("the pattern is not UTF-8") from None
    part = reader.alternatives()
    if reader.left():
        raise Untranslatable
    characters = "".join(map(chr, sorted(part.members or ())))
    return Pattern(part.text, part.shortest, reader.groups, characters)


def translate_rewrite(rewrite: bytes, groups: int) -> list[str | int]:
    r"""Return texts and groups of a rewrite such as ``<\1>``; raises Untranslatable."""
    if len(rewrite) > _MOST_REWRITTEN:
        raise Untranslatable
    parts: list[str | int] = []
    for text, escaped in re.findall(rb"([^\\]+)|\\(.|$)", rewrite, re.DOTALL):
        if text or escaped == b"\\":
            parts.append((text or escaped).decode("utf-8", "surrogateescape"))
        elif escaped.isdigit() and int(escaped) <= groups:
            parts.append(int(escaped))
        else:
            raise Untranslatable
    return parts


def rewrite_parts(parts: Sequence[str | int], groups: int) -> list[bytes | int]:
    """Return the texts of a translated rewrite as bytes; raises Untranslatable."""
    texts = [part if isinstance(part, int) else part.encode("utf-8", "surrogateescape") for part in parts]
    if sum(len(part) if isinstance(part, bytes) else 1 for part in texts) > _MOST_REWRITTEN:
        raise Untranslatable(f"a rewrite of more than {_MOST_REWRITTEN} bytes")
    if not all(0 <= part <= groups for part in texts if isinstance(part, int)):
        raise Untranslatable("a rewrite with a group that the pattern does not have")
    return texts


@dataclass(frozen=True)
class _Part:
    """Part of a pattern.

    ``members`` are the characters of a class of ASCII characters; ``single``: one character, without choices inside;
    ``work``: how many ways it can match; ``endless``: an unlimited repetition ends it.
    """

    text: str
    shortest: int
    single: bool = False
    members: frozenset[int] | None = None
    work: int = 1
    endless: bool = False


class _Reader:
    """Recursive-descent parser of a pattern."""

    def __init__(self, pattern: str) -> None:
        self.groups = 0
        if len(pattern) > _MOST_CHARACTERS:
            raise Untranslatable
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def left(self) -> bool:
        return self._at < len(self._pattern)

    def _peek(self, offset: int = 0) -> str:
        """Return a character, "" beyond the end."""
        return self._pattern[self._at + offset : self._at + offset + 1]

    def alternatives(self) -> _Part:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        if len(parts) == 1:
            return parts[0]
        return _Part(
            "|".join(part.text for part in parts),
            min(part.shortest for part in parts),
            work=_limited(sum(part.work for part in parts)),
            endless=any(part.endless for part in parts),
        )

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.left() and self._peek() not in "|)":
            if parts and parts[-1].endless:
                raise Untranslatable
            parts.append(self._repeated(self._atom()))
        if len(parts) == 1:
            return parts[0]
        work = 1
        for part in parts:
            work = _limited(work * part.work)
        text = "".join(part.text for part in parts)
        return _Part(text, sum(part.shortest for part in parts), work=work, endless=bool(parts and parts[-1].endless))

    def _repeated(self, part: _Part) -> _Part:
        match = _REPETITION.match(self._pattern, self._at)
        if match is None:
            return part
        self._at = match.end()
        if self._peek() in {"*", "+", "?", "{"}:
            raise Untranslatable
        least, most = _bounds(match)
        if part.endless or (most is None and not part.single):
            raise Untranslatable
        text = f"(?:{part.text}){match[0]}"
        if most is None:
            return _Part(text, least * part.shortest, endless=True)
        return _Part(text, least * part.shortest, work=_limited(part.work ** max(most, 1) * (most - least + 1)))

    def _atom(self) -> _Part:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape(self._next())
        if character == ".":
            return _class_part(frozenset({ord("\n")}), negated=True)
        if character in "^$":
            return _Part(r"\A" if character == "^" else r"\Z", 0)
        if character in "*+?" or _BRACES.match(self._pattern, self._at - 1):
            raise Untranslatable
        return _literal(character)

    def _group(self) -> _Part:
        opening = "(?:" if self._take("?:") else "("
        self._depth += 1
        if self._peek() == "?" or self._depth > _DEEPEST:
            raise Untranslatable
        self.groups += opening == "("
        inner = self.alternatives()
        if not self._take(")"):
            raise Untranslatable
        self._depth -= 1
        return _Part(f"{opening}{inner.text})", inner.shortest, work=inner.work, endless=inner.endless)

    def _escape(self, character: str) -> _Part:
        if character in _CLASSES:
            return _class_part(_CLASSES[character], negated=False)
        if character.lower() in _CLASSES:
            return _class_part(_CLASSES[character.lower()], negated=True)
        return _literal(_escaped(character))

    def _class(self) -> _Part:
        negated = self._take("^")
        members: set[int] = set()
        first = True
        while first or self._peek() != "]":
            members |= self._member()
            first = False
        self._at += 1
        return _class_part(frozenset(members), negated=negated)

    def _member(self) -> frozenset[int] | set[int]:
        if self._take("[:"):
            return self._named()
        character = self._next()
        if character == "\\":
            escape = self._next()
            if escape in _CLASSES:
                return _CLASSES[escape]
            character = _escaped(escape)
        if self._peek() == "-" and self._peek(1) not in {"]", ""}:
            self._at += 1
            last = self._next()
            return set(range(_code(character), _code(_escaped(self._next()) if last == "\\" else last) + 1))
        return {_code(character)}

    def _named(self) -> frozenset[int]:
        name = re.compile("[a-z]*").match(self._pattern, self._at)
        if name is None or name[0] not in _NAMED:
            raise Untranslatable
        self._at = name.end()
        if not self._take(":]"):
            raise Untranslatable
        return _NAMED[name[0]]

    def _next(self) -> str:
        if not self.left():
            raise Untranslatable
        self._at += 1
        return self._pattern[self._at - 1]

    def _take(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found


def _bounds(match: re.Match[str]) -> tuple[int, int | None]:
    """Return the least and the greatest number of repetitions; None is unlimited."""
    if match[0] in {"*", "+", "?"}:
        return int(match[0] == "+"), 1 if match[0] == "?" else None
    least = int(match[1])
    most = least if match[2] is None else None if match[3] is None else int(match[3])
    if most is not None and most < least:
        raise Untranslatable
    return least, most


def _limited(work: int) -> int:
    if work > _MOST_WORK:
        raise Untranslatable
    return work


def _escaped(character: str) -> str:
    """Return the character that follows a backslash; raises Untranslatable."""
    if character in _CONTROLS:
        return _CONTROLS[character]
    if character not in string.punctuation:
        raise Untranslatable
    return character


def _code(character: str) -> int:
    if ord(character) >= 128:
        raise Untranslatable
    return ord(character)


def _literal(character: str) -> _Part:
    encoded = character.encode()
    return _Part(_escapes(encoded), len(encoded), single=True)


def _class_part(members: frozenset[int], *, negated: bool) -> _Part:
    if negated:
        others = f"{_brackets(_ASCII - members)}|" if _ASCII - members else ""
        return _Part(f"(?:{others}{_CHARACTER})", 1, single=True)
    if not members:
        raise Untranslatable
    return _Part(_brackets(members), 1, single=True, members=members)


def _brackets(members: frozenset[int]) -> str:
    return f"[{_escapes(sorted(members))}]"


def _escapes(codes: Iterable[int]) -> str:
    return "".join(f"\\x{code:02x}" for code in codes)
