"""Latencies that are measured side by side."""

from __future__ import annotations

from lightship.compiler.compression.measuring.race import latencies


def test_latencies_are_those_of_each_call() -> None:
    found = latencies({"short": lambda: sum(range(1_000)), "long": lambda: sum(range(100_000))})
    assert list(found) == ["short", "long"]
    assert 0 < 10 * found["short"] < found["long"]


def test_latencies_of_long_calls_need_few_calls() -> None:
    calls = []
    latencies({"long": lambda: calls.append(sum(range(30_000_000)))})
    assert len(calls) <= 20
