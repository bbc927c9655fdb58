"""``lightship schedule``: lists the stack's schedules and runs them by hand."""

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
_ISO = "%Y-%m-%dT%H:%M:%SZ"  # EventBridge Scheduler's format: runs are compared by this text

_CONFLICTS = {
    "late": "a later run has started, which scores the same input",
    "overlapping": "the previous run is not finished: see `lightship job list --system`, then cancel, retry or wait",
}


@click.group("schedule", cls=Group)
def schedule_command() -> None:
    """List schedules and run them by hand.

    \b
    lightship schedule list        list schedules with their last runs
    lightship schedule run NAME    run one now, or repeat a missed run

    Schedules are EventBridge Scheduler's. `lightship up` has them too, but does not start them by time.
    """


@schedule_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the stack's schedules with their expressions and last runs."""
    stack, scheduler = _scheduler()
    cloud = connect(stack)
    stack_schedules = schedules.schedules(scheduler, stack.schedule_group)
    records = [_record(schedule, cloud) for schedule in stack_schedules]
    if as_json:
        return click.echo(orjson.dumps(records, option=orjson.OPT_INDENT_2))
    if not records:
        return click.echo(
            f"no schedules in the group {stack.schedule_group}: the template creates one from its parameters "
            "ScheduleExpression, ScheduleModel and ScheduleInput"
        )
    for record in records:
        when = f"{record['expression']}, {record['timezone']}{'' if record['enabled'] else ' (disabled)'}"
        names = {"model": record["model"] or "-", "input": record["input"] or "-"}
        facts(record["name"], {"when": when, **names, "last run": record["last"] or "never"})
    return None


def _moment(_: click.Context, __: click.Parameter, value: str | None) -> str:
    """Parse a time in ISO 8601, by default now, to EventBridge Scheduler's format."""
    now = datetime.now(UTC)
    try:
        time = now if value is None else datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a time like 2026-12-01T03:00:00Z") from None
    if time.tzinfo is None:
        raise click.BadParameter(f"{value!r} has no time zone: end it with Z for UTC, or with an offset like +01:00")
    if time > now:
        raise click.BadParameter(f"{value!r} is in the future: every run before it would be refused as late")
    return time.astimezone(UTC).strftime(_ISO)


@schedule_command.command("run")
@click.argument("name")
@click.option("--time", metavar="ISO", callback=_moment, help="Time of a missed run.  [default: now]")
@json_option
def run_command(name: str, time: str, as_json: bool) -> None:
    """Send the message of the schedule NAME now.

    The same time twice is one run. A run is refused while the previous one is not finished, and if a later one has
    started. Its jobs belong to the system: `lightship job list --system` shows them.
    """
    stack, scheduler = _scheduler()
    schedule = schedules.find(scheduler, stack.schedule_group, name)
    text = schedules.message(schedule, time)
    if schedule.run and (conflict := runs.skip_reason(str(schedule.run.get("schedule", "")), time, connect(stack))):
        raise InvalidInput(f"the run of '{name}' at {time} is {conflict}: {_CONFLICTS[conflict]}")
    schedules.send(aws.client("sqs", attempts=_ATTEMPTS), schedule, text)
    if as_json:
        return click.echo(orjson.dumps({"schedule": name, "time": time, "target": schedule.target, "message": text}))
    click.echo(f"sent: the run of {name} at {time}")
    if schedule.run:
        click.echo(f"list its jobs: {command('job', 'list', '--system')}")
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
