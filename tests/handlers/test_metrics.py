"""Metrics of the Lambda function: one log line per request if LIGHTSHIP_METRICS=1.

By default there are none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.bundles import Registries
from tests.conftest import ROOT
from tests.test_imports import PATH, event_of

PROGRAM = """
import json, sys
from lightship.handlers.predict import handler_for
handler = handler_for()
for event in json.load(sys.stdin):
    handler(event, None)
print(json.dumps([name for name in ("lightship.telemetry.embedded", "prometheus_client") if name in sys.modules]))
"""

RIGHT = {"input": [1, 2, 3]}


def printed(registries: Registries, events: list[Any], **settings: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the records that a function printed for events, and imported modules."""
    environment = {"LIGHTSHIP_REGISTRY": str(registries.examples), "LIGHTSHIP_DEFAULT_MODEL": "quickstart"}
    environment |= {"PYTHONPATH": PATH, "PATH": os.environ["PATH"], **settings}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    *records, modules = map(json.loads, run.stdout.splitlines())
    return records, modules


def test_metrics_enabled_prints_one_line_per_request(registries: Registries) -> None:
    rest = json.loads((ROOT / "events" / "rest-api.json").read_text())
    head = event_of("/models", None)
    head["requestContext"]["http"]["method"] = "HEAD"
    unreadable = event_of("/predict", RIGHT) | {"body": 7}
    events = [
        event_of("/predict", RIGHT),
        event_of("/predict", {"input": "none"}),
        event_of("/models/missing/predict", RIGHT),
        head,
        event_of("/jobs/none", None),
        rest,
        {"input": [[1, 2, 3], [4, 5, 6]]},
        unreadable,
        {"warmer": True},
    ]
    records, _ = printed(registries, events, LIGHTSHIP_METRICS="1")
    seen = [(record["route"], record["status"], record.get("code"), record.get("Rows")) for record in records]
    assert seen == [
        ("/predict", 200, None, 1),
        ("/predict", 400, "invalid_input", None),
        ("/models/{name}/predict", 404, "not_found", None),
        ("/models", 200, None, None),
        ("/jobs/{job}", 404, "not_found", None),
        ("/predict", 200, None, 1),
        ("/models/{name}/predict", 200, None, 2),
        ("", 400, "invalid_input", None),
    ]
    assert [record.get("model") for record in records] == ["quickstart"] * 2 + [None] * 3 + ["quickstart"] * 2 + [None]
    assert records[0]["correlation_id"] == events[0]["requestContext"]["requestId"]
    assert all(record["Requests"] == 1 and record["Latency"] > 0 for record in records)


def test_metrics_default_prints_and_imports_nothing(registries: Registries) -> None:
    assert printed(registries, [event_of("/predict", RIGHT)]) == ([], [])
