"""``lightship dlq``: shows and redrives dead letters."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table

from lightship import aws
from lightship.aws import dead_letters, queues
from lightship.aws.dead_letters import DeadLetter, DeadLetterReceiver
from lightship.aws.queues import Queue
from lightship.aws.stack import StackSettings, unset
from lightship.cli.arguments import completion
from lightship.cli.arguments.options import json_option
from lightship.cli.output.failures import Group
from lightship.cli.output.terminal import bar, console, facts
from lightship.errors import InvalidInput
from lightship.jobs import messages, redriven
from lightship.jobs.cloud import connect
from lightship.local.functions import logs

# Few attempts: a user waits, and the endpoint may not exist.
_ATTEMPTS = 2

_LONGEST = 200


@click.group("dlq", cls=Group)
def dlq_command() -> None:
    """List, show and redrive dead letters.

    A message that a function fails to process is delivered again. After five attempts it becomes a dead letter, which
    expires after 14 days. Fix the cause of the failure, then redrive the dead letters.

    \b
    lightship dlq list                  number of dead letters by queue
    lightship dlq show score            their contents and the errors
    lightship dlq redrive score --all   send them back to the queue

    The stack is selected by the variables of .lightship.env (`lightship up`), or of a deployed stack's output
    Environment.
    """


_queue_argument = click.argument("name", metavar="QUEUE", shell_complete=completion.queues)


@dlq_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the queues with their numbers of messages and dead letters.

    SQS's numbers are approximate. With --json, the queues' URLs are included.
    """
    sqs, urls = _queues()
    stack_queues = [queues.find(sqs, urls, name) for name in urls]
    loads = [(queue, queues.load(sqs, queue)) for queue in stack_queues]
    if as_json:
        return _print([{**asdict(queue), "messages": asdict(load)} for queue, load in loads])
    table = Table("queue", "waiting", "in flight", "dead")
    for queue, load in loads:
        table.add_row(queue.name, *(f"{count:,}" for count in (load.waiting, load.under_way, load.dead)))
    console().print(table)
    return None


@dlq_command.command("show")
@_queue_argument
@click.option("--limit", default=10, show_default=True, type=click.IntRange(min=1), help="Dead letters to show.")
@json_option
def show_command(name: str, limit: int, as_json: bool) -> None:
    """Show dead letters of QUEUE without removing them.

    QUEUE is compile, split, score, requests or requests-fifo. While they are read, the messages are invisible to other
    consumers, and each read counts as a receive. Of a FIFO queue the first ten of each group are shown. With --json the
    messages are complete.

    The error is in the log of the function that reads the queue, under the message's correlation id; with `lightship
    up` it is shown here.
    """
    sqs, urls = _queues()
    received = dead_letters.show(sqs, queues.find(sqs, urls, name), limit=limit)
    if as_json:
        return _print([_record(letter) for letter in received])
    if not received:
        return click.echo(f"no dead letters of the queue {name}")
    for letter in received:
        record = {
            "why": _error(letter) or "see the function's log, by correlation id",
            "message": letter.id,
            "correlation": messages.correlation(letter.content, letter.id),
            "sent": f"{_time(letter)} UTC, received {letter.received} times",
        }
        facts(_summary(letter), record)
    return None


@dlq_command.command("redrive")
@_queue_argument
@click.option("--all", "everything", is_flag=True, help="All present dead letters.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most N messages, for example 1 to try.")
@json_option
def redrive_command(name: str, everything: bool, limit: int | None, as_json: bool) -> None:
    """Send dead letters of QUEUE back to it.

    QUEUE is compile, split, score, requests or requests-fifo. Each message is sent and then deleted, so that Ctrl-C
    loses none; one may be delivered twice, which every function tolerates. Chunks of jobs get five new attempts. Of a
    FIFO queue, messages younger than six minutes are kept, because SQS would drop them as duplicates.
    """
    if everything == (limit is not None):
        raise InvalidInput("give either --all or --limit N")
    sqs, urls = _queues()
    queue = queues.find(sqs, urls, name)
    waiting = queues.load(sqs, queue).dead
    count = min(waiting, limit or waiting)  # messages that fail again meanwhile are not sent repeatedly
    with bar(console(stderr=True)) as progress, DeadLetterReceiver(sqs, queue) as receiver:
        task = progress.add_task("redriving", total=count)
        result = receiver.redrive(count, prepare=_reset_attempts(queue), progress=lambda: progress.advance(task))
    if as_json:
        return _print(asdict(result))
    click.echo(f"{result.moved} message{'' if result.moved == 1 else 's'} sent back to the queue {name}")
    if result.kept:
        click.echo(f"{result.kept} kept, because they are younger than six minutes: redrive them later")
    return None


def _queues() -> tuple[Any, Mapping[str, str]]:
    """Return the SQS client, and the URLs of the stack's queues by name."""
    urls = StackSettings.from_environment(os.environ).queues
    if not urls:
        raise unset("LIGHTSHIP_QUEUES")
    return aws.client("sqs", attempts=_ATTEMPTS), urls


def _reset_attempts(queue: Queue) -> Callable[[DeadLetter], None]:
    """Return the function to call before a message is sent: it resets job attempts."""
    stack = StackSettings.from_environment(os.environ)
    if queue.url not in {stack.split_queue, stack.score_queue}:
        return lambda letter: None
    cloud = connect(stack)
    return lambda letter: redriven.revive(letter.content, cloud)


def _summary(letter: DeadLetter) -> str:
    """Return a short summary of a message."""
    match letter.content:
        case {"chunk": {"job": job, "index": index}}:
            summary = f"chunk {index} of job {job}"
        case {"split": {"job": job}} | {"plan": {"job": job}}:
            summary = f"splitting of job {job}"
        case {"finish": {"job": job}}:
            summary = f"receipt of job {job}"
        case {"run": {"schedule": schedule, "time": time, "model": model}}:
            summary = f"run of schedule {schedule} at {time}: {model}"
        case {"request": {"method": method, "path": path}}:
            summary = f"{method} {path}"
        case {"detail-type": kind, "detail": {"bucket": {"name": bucket}, "object": {"key": key}}}:
            summary = f"{kind}: s3://{bucket}/{key}"
        case _:
            summary = letter.body
    summary = summary.encode(errors="backslashreplace").decode()  # JSON can escape an unpaired surrogate
    return summary if len(summary) <= _LONGEST else f"{summary[: _LONGEST - 1]}…"


def _time(letter: DeadLetter) -> str:
    return datetime.fromtimestamp(letter.sent, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _error(letter: DeadLetter) -> str | None:
    """Return the last error, if the function's log is on this machine."""
    folder = os.environ.get(logs.VARIABLE)
    return logs.failure_reason(Path(folder), letter.id) if folder else None


def _record(letter: DeadLetter) -> dict[str, Any]:
    record = {name: value for name, value in asdict(letter).items() if name != "handle"}
    correlation = messages.correlation(letter.content, letter.id)
    return {**record, "what": _summary(letter), "why": _error(letter), "correlation": correlation}


def _print(value: Any) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=_text))


def _text(value: Any) -> str:
    """Return a binary message attribute as text."""
    return bytes(value).decode(errors="replace")
