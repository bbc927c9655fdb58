"""What a worker answers: a report, or why there is none; read as if the model file had written it.

The process that opened the file may have been taken over by it: see :mod:`lightship.compiler.received`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from lightship.compiler import received
from lightship.compiler.report import Report

# What a worker may refuse a file with: codes of lightship.errors.
CODES = frozenset({"compile_failed", "source_refused", "parity_failed", "sandbox_unavailable", "too_large"})


class InvalidAnswer(ValueError):
    """The worker's answer is not one that it gives by itself; the text says what is wrong with it."""


@dataclass(frozen=True)
class Refusal:
    """Why the file does not become a version: a code and one sentence."""

    code: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The answer as the worker sends it."""
        return {"refused": asdict(self)}


def read(data: bytes) -> Refusal | Report:
    """Return a refusal or a report, which has no name, version and digest yet; raises InvalidAnswer."""
    try:
        record = json.loads(data, parse_constant=_no_number)
        return _refusal(record["refused"]) if "refused" in record else _compiled(record["compiled"])
    except KeyError as error:
        raise InvalidAnswer(f"it lacks {error}") from None
    except (received.InvalidReport, InvalidAnswer) as error:
        raise InvalidAnswer(str(error)) from None
    except (ValueError, TypeError, RecursionError):
        raise InvalidAnswer("it is not JSON of the expected form") from None


def _refusal(record: Any) -> Refusal:
    if record["code"] not in CODES:
        raise InvalidAnswer("it refuses the file with an unknown code")
    return Refusal(str(record["code"]), received.sentence(record["reason"]))


def _compiled(record: Any) -> Report:
    report = received.report(record)
    if report.trusted:
        raise InvalidAnswer("it says that code of the file was trusted")
    return report


def _no_number(text: str) -> Any:
    raise InvalidAnswer("it has something else where a number belongs")
