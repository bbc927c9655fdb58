"""Stages of a compile and their descriptions in messages."""

from __future__ import annotations

from collections.abc import Mapping

BUILD = ("check", "load", "record", "convert", "write", "evaluate", "measure")

_PHRASES: Mapping[str, str] = {
    "check": "checking the file",
    "load": "loading",
    "record": "recording the original's outputs",
    "convert": "converting",
    "write": "writing the bundle",
    "evaluate": "evaluating",
    "measure": "measuring",
    "compress": "comparing variants",
    "device": "making the file for devices",
    "try": "trying the bundle",
    "describe": "reading names and shapes",
}


def phrase(stage: str) -> str:
    """Return the words that introduce an error of a stage: ``while loading``."""
    return f"while {_PHRASES.get(stage, stage)}"
