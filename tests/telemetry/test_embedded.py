"""Test lines of CloudWatch's embedded metric format.

Every declared metric and dimension must have a value.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightship.telemetry.embedded import line
from lightship.telemetry.exchange import Exchange
from tests.telemetry.exchanges import exchange

UNAUTHENTICATED = exchange(route="", status=401, refusal="unauthenticated", model="", version=0, rows=0, caller=None)


def metrics(record: dict[str, Any]) -> dict[str, tuple[float, str, list[list[str]]]]:
    """Return value, unit and dimension sets by metric, as CloudWatch extracts them."""
    found = {}
    for directive in record["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "Lightship"
        for name in {name for dimensions in directive["Dimensions"] for name in dimensions}:
            assert isinstance(record[name], str) and record[name]
        for metric in directive["Metrics"]:
            assert metric["Name"] not in found
            found[metric["Name"]] = (record[metric["Name"]], metric["Unit"], directive["Dimensions"])
    return found


BY_VERSION = [["service"], ["service", "model", "version"]]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            exchange(),
            {
                "Requests": (1, "Count", BY_VERSION),
                "Latency": (3.457, "Milliseconds", BY_VERSION),
                "Rows": (2, "Count", BY_VERSION),
            },
        ),
        (
            exchange(status=400, refusal="invalid_input"),
            {
                "Requests": (1, "Count", BY_VERSION),
                "Latency": (3.457, "Milliseconds", BY_VERSION),
                "Refusals": (1, "Count", [*BY_VERSION, ["service", "code"]]),
            },
        ),
        (
            UNAUTHENTICATED,
            {
                "Requests": (1, "Count", [["service"]]),
                "Latency": (3.457, "Milliseconds", [["service"]]),
                "Refusals": (1, "Count", [["service"], ["service", "code"]]),
            },
        ),
    ],
    ids=["answer", "refusal of a model's input", "refusal without a token"],
)
def test_line_has_values_of_declared_metrics_and_dimensions(seen: Exchange, expected: dict[str, Any]) -> None:
    record = json.loads(line(seen))
    assert metrics(record) == expected
    assert record["_aws"]["Timestamp"] == 1_700_000_000_250
    assert record["correlation_id"] == "my-id"
    assert "path" not in record and "caller" not in record
