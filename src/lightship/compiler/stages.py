"""The stages of a compile, and what each is called in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

BUILD = ("check", "load", "record", "convert", "write", "measure")

_DOING: Mapping[str, str] = {
    "check": "checking the file",
    "load": "loading",
    "record": "recording the original's answers",
    "convert": "converting",
    "write": "writing the bundle",
    "measure": "measuring",
    "try": "trying the bundle",
    "describe": "reading names and shapes",
}


def doing(stage: str) -> str:
    """Return a stage as the beginning of a sentence about what went wrong in it: ``while loading``."""
    return f"while {_DOING.get(stage, stage)}"
