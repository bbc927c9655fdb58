"""Descriptions of exceptions in a user's code."""

from __future__ import annotations

import traceback
from pathlib import Path

_LONGEST = 500


def summary(error: BaseException) -> str:
    """Return an exception's class, text and place on one line of up to 500 characters."""
    text = " ".join(str(error).split())[:_LONGEST]
    return f"{type(error).__name__}{': ' if text else ''}{text}{_place(error)}"


def _place(error: BaseException) -> str:
    """Return where an exception was raised; "" where its text says it, or for none."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or (isinstance(error, SyntaxError) and error.lineno is not None):
        return ""
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}, in {frames[-1].name})"


def sentence(text: object) -> str:
    """Return a user's message in a form that JSON can carry, cut to 500 characters."""
    return str(text).encode(errors="backslashreplace").decode()[:_LONGEST]
