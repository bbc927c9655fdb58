"""A worker's answer: a compile report or a refusal, parsed as untrusted input.

The model file may have taken control of the process that opened it: see :mod:`lightship.compiler.untrusted_report`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from lightship.compiler import untrusted_report
from lightship.compiler.report import Report

# Codes of lightship.errors with which a worker may refuse a file.
CODES = frozenset(
    {"compile_failed", "source_refused", "parity_failed", "transform_failed", "sandbox_unavailable", "too_large"}
)


class InvalidAnswer(ValueError):
    """An answer that the worker's own code does not produce; the text says why."""


@dataclass(frozen=True)
class Refusal:
    """Why a file does not become a version: an error code and one sentence."""

    code: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the answer in the form that the worker uploads."""
        return {"refused": asdict(self)}


def read(data: bytes) -> Refusal | Report:
    """Return the Refusal or Report in an answer; raises InvalidAnswer.

    A report has no name, version or digest yet.
    """
    try:
        record = json.loads(data, parse_constant=_refuse_constant)
        return _refusal(record["refused"]) if "refused" in record else _compiled(record["compiled"])
    except KeyError as error:
        raise InvalidAnswer(f"it has no field {error}") from None
    except (untrusted_report.InvalidReport, InvalidAnswer) as error:
        raise InvalidAnswer(str(error)) from None
    except (ValueError, TypeError, RecursionError):
        raise InvalidAnswer("it is not JSON of the expected form") from None


def _refusal(record: Any) -> Refusal:
    if record["code"] not in CODES:
        raise InvalidAnswer("its refusal has an unknown code")
    return Refusal(str(record["code"]), untrusted_report.sentence(record["reason"]))


def _compiled(record: Any) -> Report:
    report = untrusted_report.report(record)
    if report.trusted:
        raise InvalidAnswer("it reports that code from the file was trusted")
    return report


def _refuse_constant(text: str) -> Any:
    raise InvalidAnswer("it holds NaN or Infinity, which JSON does not have")
