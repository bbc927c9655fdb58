"""HTML elements in which every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_EMPTY = frozenset({"br", "img", "meta"})


class Markup(str):
    """HTML; a plain string is text, and is escaped where it becomes a part of it."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str) -> Markup:
    """Return an element; an underscore at the end of an attribute's name is dropped."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{_text(value)}"' for key, value in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Markup:
    """Return the children one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else _text(child) for child in children))


def foreign(content: str) -> Markup:
    """Return a name or text from a model or its data.

    A text that is written right to left does not change the direction of its surroundings.
    """
    return tag("bdi", content)


def _text(content: str) -> str:
    """Return escaped text; characters that are not printable become spaces.

    Among them are those that reverse the direction of the following text.
    """
    if not content.isprintable():
        content = "".join(character if character.isprintable() else " " for character in content)
    return escape(content)
