"""Events that the child sends to its parent as JSON lines.

A model's code may have written any of them, so each line is validated here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MAX_TEXT = 2000  # characters
_MAX_DETAIL = 4000


@dataclass(frozen=True)
class Proven:
    """The child has proved that it is confined.

    ``measures`` names the measures in force. The model file is not open yet.
    """

    proof: str
    measures: tuple[str, ...]


@dataclass(frozen=True)
class NotProven:
    """The child could not prove its confinement and ends without opening the file.

    ``detail`` is what it wrote to standard error.
    """

    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Progress:
    """A stage has begun; ``done`` is the share of the work done before it, 0 to 1."""

    stage: str
    done: float


@dataclass(frozen=True)
class Failed:
    """An error of the task: its code, message and detail."""

    code: str
    message: str
    detail: str


@dataclass(frozen=True)
class Finished:
    """The return value of the module's ``build`` function."""

    result: dict[str, Any]


Event = Proven | NotProven | Progress | Failed | Finished


def parse(line: bytes) -> Event:
    """Return the event in a line; raises ValueError for an invalid line."""
    try:
        record = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    match record:
        case {"proof": str(proof), "measures": [*measures]}:
            return Proven(_text(proof), tuple(_text(str(name)) for name in measures))
        case {"not_proven": str(reason)}:
            return NotProven(_text(reason))
        case {"error": str(code), "message": str(message), "detail": str(detail)}:
            return Failed(code, _text(message), detail[:_MAX_DETAIL])
        case {"result": dict(result)}:
            return Finished(result)
        case {"stage": str(stage), "done": int(done) | float(done)} if math.isfinite(done):
            return Progress(_text(stage), min(max(float(done), 0.0), 1.0))
    raise ValueError("not an event")


def line(**record: Any) -> bytes:
    """Return the JSON line of an event, as bytes."""
    return json.dumps(record).encode() + b"\n"


def error(code: str, message: str, detail: str = "") -> Mapping[str, str]:
    """Return the record of a Failed event."""
    return {"error": code, "message": message, "detail": detail}


def _text(text: str) -> str:
    """Return text on one line, without control characters, of limited length."""
    return "".join(character if character.isprintable() else " " for character in text[:_MAX_TEXT])
