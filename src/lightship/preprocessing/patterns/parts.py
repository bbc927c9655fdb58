"""Parts of a translated pattern."""

from __future__ import annotations

from dataclasses import dataclass


class Untranslatable(ValueError):
    """Pattern that Python's re cannot run as RE2 does."""


@dataclass(frozen=True)
class Part:
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
