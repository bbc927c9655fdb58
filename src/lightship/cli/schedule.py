"""``lightship schedule``: the stack's schedules, and a run of one now."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import click
import orjson

from lightship import aws
from lightship.aws import schedules
from lightship.aws.schedules import Schedule
from lightship.aws.stack import StackSettings, unset
from lightship.cli.arguments.options import json_option
from lightship.cli.output.failures import Group
from lightship.cli.output.terminal import command, facts
from lightship.errors import InvalidInput
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.split import schedules as runs

_ATTEMPTS = 2
_ISO = "%Y-%m-%dT%H:%M:%SZ"  # as EventBridge Scheduler writes it: runs are compared by it

_HINDRANCES = {
    "late": "a later run has begun, and scores what is at the same place",
    "overlapping": "the run before it is still at work: see `lightship job list --system`, and cancel, retry or wait",
}


@click.group("schedule", cls=Group)
def schedule_command() -> None:
    """Schedules: what the clock starts, and the same by hand.

    \b
    lightship schedule list        when each runs, and when it ran last
    lightship schedule run NAME    a run now, or one that was missed

    They are EventBridge Scheduler's. `lightship up` has them too, but no clock.
    """


@schedule_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """The stack's schedules: when each runs, and when it ran last."""
    stack, scheduler = _scheduler()
    cloud = connect(stack)
    found = schedules.schedules(scheduler, stack.schedule_group)
    records = [_record(schedule, cloud) for schedule in found]
    if as_json:
        return click.echo(orjson.dumps(records, option=orjson.OPT_INDENT_2))
    if not records:
        return click.echo(
            f"no schedules in the group {stack.schedule_group}: the template makes one of its parameters "
            "ScheduleExpression, ScheduleModel and ScheduleInput"
        )
    for record in records:
        when = f"{record['expression']}, {record['timezone']}{'' if record['enabled'] else ' (disabled)'}"
        names = {"model": record["model"] or "-", "input": record["input"] or "-"}
        facts(record["name"], {"when": when, **names, "last run": record["last"] or "never"})
    return None


def _moment(_: click.Context, __: click.Parameter, value: str | None) -> str:
    """A time in ISO 8601, by default now, as EventBridge Scheduler would write it."""
    now = datetime.now(UTC)
    try:
        time = now if value is None else datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a time like 2026-12-01T03:00:00Z") from None
    if time.tzinfo is None:
        raise click.BadParameter(f"{value!r} has no time zone: end it with Z for UTC, or with an offset like +01:00")
    if time > now:
        raise click.BadParameter(f"{value!r} is yet to come: until then every other run would count as late")
    return time.astimezone(UTC).strftime(_ISO)


@schedule_command.command("run")
@click.argument("name")
@click.option("--time", metavar="ISO", callback=_moment, help="Of a run that was missed.  [default: now]")
@json_option
def run_command(name: str, time: str, as_json: bool) -> None:
    """Send what the schedule NAME sends when its time has come.

    The same time twice is one run. A run is refused while the one before it is at work, and when a later one has begun.
    Its jobs belong to the system: `lightship job list --system` shows them.
    """
    stack, scheduler = _scheduler()
    schedule = schedules.find(scheduler, stack.schedule_group, name)
    text = schedules.message(schedule, time)
    if schedule.run and (why := runs.skip_reason(str(schedule.run.get("schedule", "")), time, connect(stack))):
        raise InvalidInput(f"the run of '{name}' at {time} is {why}: {_HINDRANCES[why]}")
    schedules.send(aws.client("sqs", attempts=_ATTEMPTS), schedule, text)
    if as_json:
        return click.echo(orjson.dumps({"schedule": name, "time": time, "target": schedule.target, "message": text}))
    click.echo(f"sent: the run of {name} at {time}")
    if schedule.run:
        click.echo(f"its jobs, in a moment: {command('job', 'list', '--system')}")
    return None


def _scheduler() -> tuple[StackSettings, Any]:
    stack = StackSettings.from_environment(os.environ)
    if not stack.schedule_group:
        raise unset("LIGHTSHIP_SCHEDULE_GROUP")
    return stack, aws.client("scheduler", attempts=_ATTEMPTS)


def _record(schedule: Schedule, cloud: Cloud) -> dict[str, Any]:
    run = schedule.run
    return {
        "name": schedule.name,
        "expression": schedule.expression,
        "timezone": schedule.timezone,
        "enabled": schedule.enabled,
        "model": str(run.get("model", "")),
        "input": str(run.get("input", "")),
        "last": runs.last(str(run.get("schedule", "")), cloud) if run else "",
    }
