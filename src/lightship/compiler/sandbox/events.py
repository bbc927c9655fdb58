"""What the child tells its parent: JSON lines, each checked here, because a model's code may have written them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST_TEXT = 2000
_LONGEST_DETAIL = 4000


@dataclass(frozen=True)
class Proven:
    """The child has proved that it is confined; ``measures`` names the measures. The model file is not open yet."""

    proof: str
    measures: tuple[str, ...]


@dataclass(frozen=True)
class NotProven:
    """The child could not prove it and ends without opening the file; ``detail`` is what it wrote to standard error."""

    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Progress:
    """A stage has begun; ``done`` is the share of the work before it, 0 to 1."""

    stage: str
    done: float


@dataclass(frozen=True)
class Failed:
    """An error of ours, by its code."""

    code: str
    message: str
    detail: str


@dataclass(frozen=True)
class Finished:
    """What the module's ``build`` function returned."""

    result: dict[str, Any]


Event = Proven | NotProven | Progress | Failed | Finished


def parse(line: bytes) -> Event:
    """Return the event of one line; raises ValueError where it is not one."""
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
            return Failed(code, _text(message), detail[:_LONGEST_DETAIL])
        case {"result": dict(result)}:
            return Finished(result)
        case {"stage": str(stage), "done": int(done) | float(done)} if math.isfinite(done):
            return Progress(_text(stage), min(max(float(done), 0.0), 1.0))
    raise ValueError("not an event")


def line(**record: Any) -> bytes:
    """Return one event as the child writes it."""
    return json.dumps(record).encode() + b"\n"


def error(code: str, message: str, detail: str = "") -> Mapping[str, str]:
    """Return the record of a Failed event."""
    return {"error": code, "message": message, "detail": detail}


def _text(text: str) -> str:
    """Return a text on one line, without characters that move a terminal's cursor."""
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST_TEXT])
