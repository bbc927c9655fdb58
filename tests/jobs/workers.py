"""Lambda's part: deliver messages to their functions until the queues are empty."""

from __future__ import annotations

from typing import Any

from lightship.jobs.cloud import Cloud
from lightship.jobs.score import score
from lightship.jobs.split import plan


def handle(queue: str, message: dict[str, Any], cloud: Cloud) -> str:
    return plan.handle(message, cloud) if queue == "split" else score.handle(message, cloud)


def run(cloud: Cloud, *events: dict[str, Any]) -> list[str]:
    """Deliver events to the split queue, and every message that follows.

    Returns the words for the log that the functions returned.
    """
    results = [handle("split", event, cloud) for event in events]
    while cloud.sqs.sent:
        results.append(handle(*cloud.sqs.sent.pop(0), cloud))
    return results
