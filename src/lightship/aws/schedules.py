"""EventBridge Scheduler schedules, and the message that one sends at a given time.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightship.aws import queues
from lightship.errors import InvalidInput, NotFound


@dataclass(frozen=True)
class Schedule:
    """A schedule: its expression, its target and its input.

    ``target`` is an ARN; ``group`` is a message group, where the target is a FIFO queue.
    """

    name: str
    arn: str
    expression: str
    timezone: str
    enabled: bool
    target: str
    input: str
    group: str | None = None

    @property
    def run(self) -> Mapping[str, Any]:
        """Return the batch job run in the input; empty where the input holds none."""
        try:
            value = json.loads(self.input)
        except (ValueError, RecursionError):
            return {}
        run = value.get("run") if isinstance(value, dict) else None
        return run if isinstance(run, dict) else {}


def schedules(scheduler: Any, group: str) -> list[Schedule]:
    """Return the schedules of a group by name; raises NotFound for an unknown group."""
    try:
        pages = scheduler.get_paginator("list_schedules").paginate(GroupName=group)
        names = sorted(entry["Name"] for page in pages for entry in page["Schedules"])
    except scheduler.exceptions.ResourceNotFoundException:
        raise NotFound(f"there is no schedule group '{group[:80]}'") from None
    return [find(scheduler, group, name) for name in names]


def find(scheduler: Any, group: str, name: str) -> Schedule:
    """Return a schedule of a group; raises NotFound."""
    try:
        found = scheduler.get_schedule(GroupName=group, Name=name)
    except scheduler.exceptions.ResourceNotFoundException:
        raise NotFound(f"there is no schedule '{name[:80]}' in the group '{group[:80]}'") from None
    target = found["Target"]
    return Schedule(
        name=found["Name"],
        arn=found["Arn"],
        expression=found["ScheduleExpression"],
        timezone=found.get("ScheduleExpressionTimezone") or "UTC",
        enabled=found["State"] == "ENABLED",
        target=target["Arn"],
        input=target.get("Input", ""),
        group=target.get("SqsParameters", {}).get("MessageGroupId"),
    )


def message(schedule: Schedule, time: str) -> str:
    """Return the message that a schedule sends at a time, its placeholders filled in.

    ``time`` is in ISO 8601, UTC, to the second.
    """
    placeholders = {
        "<aws.scheduler.schedule-arn>": schedule.arn,
        "<aws.scheduler.scheduled-time>": time,
        "<aws.scheduler.execution-id>": uuid.uuid4().hex,
        "<aws.scheduler.attempt-number>": "1",
    }
    text = schedule.input
    for placeholder, value in placeholders.items():
        text = text.replace(placeholder, value)
    return text


def send(sqs: Any, schedule: Schedule, text: str) -> None:
    """Send a message to a schedule's target queue.

    Raises InvalidInput where the target is not a queue or the text is empty.
    """
    if schedule.target.split(":")[2:3] != ["sqs"]:
        raise InvalidInput(f"the schedule '{schedule.name}' sends to {schedule.target}, which is not a queue")
    if not text:
        raise InvalidInput(f"the schedule '{schedule.name}' has no input to send")
    group = {"MessageGroupId": schedule.group} if schedule.group else {}
    sqs.send_message(QueueUrl=queues.url_of(sqs, schedule.target), MessageBody=text, **group)
