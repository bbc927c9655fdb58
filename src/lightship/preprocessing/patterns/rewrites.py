"""Rewrites of matches: texts and groups."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lightship.preprocessing.patterns.parts import Untranslatable

_MOST_REWRITTEN = 1000  # bytes of a rewrite, and its groups


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
