"""Recursive-descent parser of a pattern of RE2."""

from __future__ import annotations

import re

from lightship.preprocessing.patterns.characters import CLASSES, NAMED, class_part, code_of, escaped, literal
from lightship.preprocessing.patterns.parts import Part, Untranslatable

_REPETITION = re.compile(r"\*|\+|\?|\{(0|[1-9][0-9]?)(,(0|[1-9][0-9]?)?)?\}")
_BRACES = re.compile(r"\{[0-9]+(,[0-9]*)?\}")
_MOST_WORK = 1000  # attempts at one position
_MOST_CHARACTERS = 10_000  # of a pattern
_DEEPEST = 50  # groups inside of groups


class Reader:
    """Recursive-descent parser of a pattern."""

    def __init__(self, pattern: str) -> None:
        self.groups = 0
        if len(pattern) > _MOST_CHARACTERS:
            raise Untranslatable
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def left(self) -> bool:
        """Return whether a character is left."""
        return self._at < len(self._pattern)

    def _peek(self, offset: int = 0) -> str:
        """Return a character, "" beyond the end."""
        return self._pattern[self._at + offset : self._at + offset + 1]

    def alternatives(self) -> Part:
        """Read alternatives up to a closing parenthesis; raises Untranslatable."""
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        if len(parts) == 1:
            return parts[0]
        return Part(
            "|".join(part.text for part in parts),
            min(part.shortest for part in parts),
            work=_limited(sum(part.work for part in parts)),
            endless=any(part.endless for part in parts),
        )

    def _sequence(self) -> Part:
        parts: list[Part] = []
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
        return Part(text, sum(part.shortest for part in parts), work=work, endless=bool(parts and parts[-1].endless))

    def _repeated(self, part: Part) -> Part:
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
            return Part(text, least * part.shortest, endless=True)
        return Part(text, least * part.shortest, work=_limited(part.work ** max(most, 1) * (most - least + 1)))

    def _atom(self) -> Part:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape(self._next())
        if character == ".":
            return class_part(frozenset({ord("\n")}), negated=True)
        if character in "^$":
            return Part(r"\A" if character == "^" else r"\Z", 0)
        if character in "*+?" or _BRACES.match(self._pattern, self._at - 1):
            raise Untranslatable
        return literal(character)

    def _group(self) -> Part:
        opening = "(?:" if self._take("?:") else "("
        self._depth += 1
        if self._peek() == "?" or self._depth > _DEEPEST:
            raise Untranslatable
        self.groups += opening == "("
        inner = self.alternatives()
        if not self._take(")"):
            raise Untranslatable
        self._depth -= 1
        return Part(f"{opening}{inner.text})", inner.shortest, work=inner.work, endless=inner.endless)

    def _escape(self, character: str) -> Part:
        if character in CLASSES:
            return class_part(CLASSES[character], negated=False)
        if character.lower() in CLASSES:
            return class_part(CLASSES[character.lower()], negated=True)
        return literal(escaped(character))

    def _class(self) -> Part:
        negated = self._take("^")
        members: set[int] = set()
        first = True
        while first or self._peek() != "]":
            members |= self._member()
            first = False
        self._at += 1
        return class_part(frozenset(members), negated=negated)

    def _member(self) -> frozenset[int] | set[int]:
        if self._take("[:"):
            return self._named()
        character = self._next()
        if character == "\\":
            escape = self._next()
            if escape in CLASSES:
                return CLASSES[escape]
            character = escaped(escape)
        if self._peek() == "-" and self._peek(1) not in {"]", ""}:
            self._at += 1
            last = self._next()
            return set(range(code_of(character), code_of(escaped(self._next()) if last == "\\" else last) + 1))
        return {code_of(character)}

    def _named(self) -> frozenset[int]:
        name = re.compile("[a-z]*").match(self._pattern, self._at)
        if name is None or name[0] not in NAMED:
            raise Untranslatable
        self._at = name.end()
        if not self._take(":]"):
            raise Untranslatable
        return NAMED[name[0]]

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
