"""A request's route among the protocols' tables, and the version in its path."""

from __future__ import annotations

from collections.abc import Mapping

from lightship.errors import NotFound
from lightship.protocols.http import Route

Parameters = Mapping[str, str]

# A request's route, and the parameters in its path.
Matched = tuple[Route, Parameters]


def version_of(parameters: Parameters) -> int | None:
    """Return the version number in a path; None without one.

    Raises NotFound for anything but an integer from 1.
    """
    text = parameters.get("version")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18 and int(text) > 0):
        raise NotFound(f"'{text[:40]}' is not a version: versions are numbers from 1")
    return int(text)
