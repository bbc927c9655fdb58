"""Parsing of a worker's answer as untrusted input."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from lightship.compiler.report import Report
from lightship.handlers.compiling.answer import InvalidAnswer, Refusal, read

SPEC = {"name": "x", "dtype": "float32", "shape": [None, 3]}
AGREEMENT = {
    "signature": "serving_default",
    "output": "y",
    "rows": 8,
    "rtol": 0.001,
    "atol": 0,
    "max_abs": 1e-7,
    "max_rel": 0.0,
}
# What the answer of a compile without data and budget does not hold.
ADDED: dict[str, Any] = {
    **{"name": "", "version": 0, "digest": "", "compression": None, "metrics": {}},
    **{"skipped": 0, "skips": []},
}

COMPILED: dict[str, Any] = {
    "engine": "litert",
    "reasons": [],
    "signatures": [{"name": "serving_default", "inputs": [SPEC], "outputs": [SPEC | {"name": "y"}]}],
    "sizes": {"before": 2, "after": 1},
    "parity": [AGREEMENT],
    "latency": {"subject": "model(...)", "before": 0.1, "after": 0.01, "others": {"model.predict": 0.2}},
    "cost": {"seconds": 0.01, "bytes": 1000},
    "warnings": ["looks odd"],
    "rewrites": ["loops over lists became loops over tensors"],
    "trusted": [],
    "sandbox": "kernel",
    "transform": "euros",
}


def test_answer_compiled_returns_report_with_equal_values() -> None:
    compiled = read(json.dumps({"compiled": COMPILED | {"unknown": 1}}).encode())
    assert isinstance(compiled, Report)
    assert json.loads(json.dumps(compiled.to_json())) == COMPILED | ADDED


def test_answer_refusal_has_one_printable_bounded_line() -> None:
    reason = "line 1\nline 2\x1b[2J\u202e" + "x" * 5000
    refusal = read(json.dumps({"refused": {"code": "source_refused", "reason": reason}}).encode())
    assert isinstance(refusal, Refusal)
    assert refusal.reason.isprintable()
    assert len(refusal.reason) == 2000


Change = Callable[[dict[str, Any]], Any]
FORGED: dict[str, Change] = {
    "engine": lambda record: record.update(engine="python"),
    "engine of another type": lambda record: record.update(engine=["litert"]),
    "trusted": lambda record: record.update(trusted=["everything"]),
    "missing": lambda record: record.pop("parity"),
    "text for a list": lambda record: record.update(warnings="w"),
    "list of others": lambda record: record.update(reasons=[1]),
    "too many": lambda record: record.update(reasons=["r"] * 20_000),
    "not a number": lambda record: record["latency"].update(before=float("nan")),
    "too large a number": lambda record: record["latency"].update(before=10**400),
    "calls of another type": lambda record: record["latency"].update(others=[1]),
    "call without a number": lambda record: record["latency"].update(others={"model.predict": "1"}),
    "too many calls": lambda record: record["latency"].update(others={str(number): 1.0 for number in range(100)}),
    "text for a number": lambda record: record["latency"].update(before="1"),
    "truth for a number": lambda record: record["parity"][0].update(rtol=True),
    "negative": lambda record: record["sizes"].update(before=-1),
    "not whole": lambda record: record["sizes"].update(before=1.5),
    "too large a count": lambda record: record["sizes"].update(after=2**70),
    "dtype": lambda record: record["signatures"][0]["inputs"][0].update(dtype="object"),
    "shape": lambda record: record["signatures"][0]["inputs"][0].update(shape=[-1]),
    "shape of texts": lambda record: record["signatures"][0]["inputs"][0].update(shape=["x"]),
    "kind": lambda record: record["signatures"][0]["inputs"][0].update(kind="image"),
    "kind without type": lambda record: record["signatures"][0]["inputs"][0].update(kind={"type": 1}),
    "classes": lambda record: record["signatures"][0]["outputs"][0].update(classes=[1]),
    "name with an escape": lambda record: record["signatures"][0]["outputs"][0].update(name="\x1b[2J"),
    "name too long": lambda record: record["signatures"][0].update(name="n" * 5000),
    "signature of another type": lambda record: record.update(signatures=[None]),
}


@pytest.mark.parametrize("name", FORGED)
def test_answer_forged_field_is_invalid(name: str) -> None:
    record = deepcopy(COMPILED)
    FORGED[name](record)
    with pytest.raises(InvalidAnswer):
        read(json.dumps({"compiled": record}).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"compiled": []}',
        b'{"refused": {"code": "internal", "reason": "r"}}',
        b'{"refused": {"code": ["source_refused"], "reason": "r"}}',
        b'{"refused": {"code": "source_refused", "reason": 1}}',
        b'{"refused": {"code": "source_refused"}}',
        b"[" * 200_000,
        b'{"compiled": ' * 100_000,
    ],
)
def test_answer_malformed_is_invalid(data: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        read(data)
