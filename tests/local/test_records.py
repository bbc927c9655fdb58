"""What a function's answer means for its batch, as Lambda's documentation says it."""

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
def test_an_answer_with_reports(answer: Any, failed: set[str]) -> None:
    assert failures(BATCH, answer, reports=True) == failed


def test_without_reports_an_answer_means_nothing() -> None:
    assert failures(BATCH, items("a"), reports=False) == set()
