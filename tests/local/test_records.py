"""Interpretation of a function's result for its batch, as Lambda documents it."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.local.functions.records import failures

BATCH = [{"MessageId": "a"}, {"MessageId": "b"}]
ALL = {"a", "b"}


def items(*names: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in names]}


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": []}, set()),
        (items("b"), {"b"}),
        (items("b", "b"), {"b"}),
        (items("a", "b"), ALL),
        (items(""), ALL),
        (items(None), ALL),
        (items("a", "c"), ALL),
        (items(["a"]), ALL),
        ({"batchItemFailures": [{"identifier": "a"}]}, ALL),
        ({"batchItemFailures": ["a"]}, ALL),
        ({"batchItemFailures": "a"}, ALL),
        ("nonsense", ALL),
        ([1], ALL),
    ],
)
def test_failures_with_reports_returns_named_messages(answer: Any, failed: set[str]) -> None:
    assert failures(BATCH, answer, reports=True) == failed


def test_failures_without_reports_returns_empty_set() -> None:
    assert failures(BATCH, items("a"), reports=False) == set()
