"""Validation of the report that an untrusted child process sent.

A malicious model file may have taken over the process that opened it. So messages and tensor names are bounded and
printable, numbers finite, unknown fields are dropped, and any other deviation makes the whole report invalid. Class
names and the options of an input kind are checked for their types only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from lightship.compiler.compression.table import Candidate, Compression
from lightship.compiler.limits import Cost
from lightship.compiler.report import Latency, Report, Sizes
from lightship.compiler.verification.parity import Agreement
from lightship.errors import LightshipError, SourceRefused
from lightship.tensors import Signature, TensorSpec

ENGINES = frozenset({"litert", "tensorflow"})

_LONGEST_SENTENCE = 2000
_LONGEST_NAME = 1000
_MOST_ENTRIES = 10_000
_FIGURES = ("largest_difference", "value", "change", "low", "high", "p50_1", "p50_32")
_MOST_CALLS = 20  # timed calls of the original


class InvalidReport(ValueError):
    """Report of unexpected form; the message has the reason."""


def report(record: object) -> Report:
    """Return a record's report without name, version, digest; raises InvalidReport."""
    try:
        return _report(_mapping(record))
    except KeyError as error:
        raise InvalidReport(f"it lacks {error}") from None
    except InvalidReport:
        raise
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, LightshipError):
        raise InvalidReport("it does not have the expected form") from None


def compression(record: Mapping[str, Any]) -> Compression:
    """Return the figures of a compression; raises InvalidReport."""
    try:
        result = Compression(
            rule=sentence(record["rule"]),
            chosen=_name(record["chosen"]),
            reason=sentence(record["reason"]),
            candidates=tuple(_candidate(_mapping(entry)) for entry in _sequence(record["candidates"])),
        )
        result.candidate(result.chosen)
    except KeyError as error:
        raise InvalidReport(f"it lacks {error}") from None
    return result


class Skipped(NamedTuple):
    """Rows of the data that were left out: their number, and the first of them."""

    rows: int = 0
    listed: tuple[Mapping[str, Any], ...] = ()


def skipped(record: Mapping[str, Any]) -> Skipped:
    """Return the skipped rows of a report step; raises SourceRefused."""
    try:
        return Skipped(_count(record["skipped"]), tuple(_skip(_mapping(entry)) for entry in _sequence(record["skips"])))
    except (KeyError, InvalidReport) as error:
        message = "the process that evaluated the compiled model sent an invalid list of skipped rows"
        raise SourceRefused(message, detail=str(error)) from None


def _skip(record: Mapping[str, Any]) -> Mapping[str, Any]:
    texts = {name: sentence(record[name]) for name in ("file", "column", "reason")}
    return texts | {"row": _count(record["row"])}


def _candidate(record: Mapping[str, Any]) -> Candidate:
    numbers = {name: None if record[name] is None else _number(record[name]) for name in _FIGURES}
    return Candidate(
        name=_name(record["name"]),
        bytes=_count(record["bytes"]),
        transfer_bytes=_count(record["transfer_bytes"]),
        metric=sentence(record["metric"]),
        within=record["within"] is True,
        error=sentence(record["error"]),
        float_layers=_sentences(record["float_layers"]),
        peak_bytes=None if record["peak_bytes"] is None else _count(record["peak_bytes"]),
        **numbers,
    )


def sentence(value: object) -> str:
    """Return a string on one line, cut to 2,000 printable characters."""
    text = "".join(character if character.isprintable() else " " for character in _text(value))
    return text[:_LONGEST_SENTENCE]


def _sentences(values: object) -> tuple[str, ...]:
    return tuple(map(sentence, _sequence(values)))


def _report(record: Mapping[str, Any]) -> Report:
    if record["engine"] not in ENGINES:
        raise InvalidReport("it names an unknown engine")
    sizes, latency, cost = (_mapping(record[name]) for name in ("sizes", "latency", "cost"))
    return Report(
        name="",
        version=0,
        digest="",
        engine=str(record["engine"]),
        reasons=_sentences(record["reasons"]),
        signatures=tuple(_signature(entry) for entry in _sequence(record["signatures"])),
        sizes=Sizes(_count(sizes["before"]), _count(sizes["after"])),
        parity=tuple(_agreement(_mapping(entry)) for entry in _sequence(record["parity"])),
        latency=_latency(latency),
        cost=Cost(_number(cost["seconds"]), _count(cost["bytes"])),
        warnings=_sentences(record["warnings"]),
        trusted=_sentences(record["trusted"]),
        sandbox=sentence(record.get("sandbox", "")),
        rewrites=_sentences(record["rewrites"]),
        transform=sentence(record.get("transform", "")),
    )


def _latency(record: Mapping[str, Any]) -> Latency:
    others = _mapping(record.get("others", {}))
    if len(others) > _MOST_CALLS:
        raise InvalidReport("it has too many latencies")
    return Latency(
        subject=sentence(record["subject"]),
        before=_number(record["before"]),
        after=_number(record["after"]),
        others={sentence(name): _number(seconds) for name, seconds in others.items()},
    )


def _agreement(record: Mapping[str, Any]) -> Agreement:
    return Agreement(
        signature=_name(record["signature"]),
        output=_name(record["output"]),
        rows=_count(record["rows"]),
        rtol=_number(record["rtol"]),
        atol=_number(record["atol"]),
        max_abs=_number(record["max_abs"]),
        max_rel=_number(record["max_rel"]),
    )


def _signature(record: object) -> Signature:
    signature = Signature.from_json(_mapping(record))
    _name(signature.name)
    _name(signature.method)
    for spec in (*signature.inputs, *signature.outputs):
        _check_spec(spec)
    return signature


def _check_spec(spec: TensorSpec) -> None:
    _name(spec.name)
    if spec.kind is not None and not isinstance(_mapping(spec.kind).get("type"), str):
        raise InvalidReport("it has an input kind without a type")
    for name in (spec.scores, spec.reasons, spec.names.file if spec.names else ""):
        _name(name)
    for label in (*spec.classes, *(spec.boxes.points if spec.boxes else ())):
        if len(_text(label)) > _LONGEST_NAME:
            raise InvalidReport("it has a class name that is too long")


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidReport("a value is not an object")
    return value


def _sequence(value: object) -> list[Any]:
    if not isinstance(value, list) or len(value) > _MOST_ENTRIES:
        raise InvalidReport(f"a value is not a list of at most {_MOST_ENTRIES} entries")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidReport("a value is not a string")
    return value


def _name(value: object) -> str:
    name = _text(value)
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InvalidReport("it has a name that is too long or cannot be printed")
    return name


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise InvalidReport("a value is not an integer of at least 0 and below 2**53")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidReport("a value is not a finite number")
    return float(value)
