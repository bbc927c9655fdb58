"""``lightship dlq``: messages that functions gave up, seen and sent again."""

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
from lightship.aws.dead_letters import Letter, Letters
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

# Somebody waits: an endpoint that is not there is not asked for long.
_ATTEMPTS = 2

_LONGEST = 200


@click.group("dlq", cls=Group)
def dlq_command() -> None:
    """Dead letters: see what functions gave up, and send it again.

    A message that a function does not manage comes again; after the fifth time it is a dead letter, until it is 14 days
    old. Nothing else happens by itself: find out what is wrong, mend it, and redrive.

    \b
    lightship dlq list                  which queues have dead letters
    lightship dlq show score            what they are about
    lightship dlq redrive score --all   back to where they came from

    Works where `lightship up` or a deployed stack says, in the variables that .lightship.env or the stack's output
    Environment sets.
    """


_queue_argument = click.argument("name", metavar="QUEUE", shell_complete=completion.queues)


@dlq_command.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Each queue, how many messages wait in it, and how many are dead.

    SQS counts roughly. With --json, the queues' addresses are there too.
    """
    sqs, named = _queues()
    found = [queues.find(sqs, named, name) for name in named]
    loads = [(queue, queues.load(sqs, queue)) for queue in found]
    if as_json:
        return _print([{**asdict(queue), "messages": asdict(load)} for queue, load in loads])
    table = Table("queue", "waiting", "under way", "dead")
    for queue, load in loads:
        table.add_row(queue.name, *(f"{count:,}" for count in (load.waiting, load.under_way, load.dead)))
    console().print(table)
    return None


@dlq_command.command("show")
@_queue_argument
@click.option("--limit", default=10, show_default=True, type=click.IntRange(min=1), help="Dead letters to show.")
@json_option
def show_command(name: str, limit: int, as_json: bool) -> None:
    """Show dead letters of QUEUE and leave them where they are.

    QUEUE is compile, split, score, requests or requests-fifo. For a moment its dead letters are hidden from others who
    look, and each look counts as received. A FIFO queue shows the first ten of each group. With --json they are whole.

    Why one died is in the log of the function behind the queue, under its correlation; of `lightship up`'s functions it
    is shown here.
    """
    sqs, named = _queues()
    found = dead_letters.show(sqs, queues.find(sqs, named, name), limit=limit)
    if as_json:
        return _print([_record(letter) for letter in found])
    if not found:
        return click.echo(f"no dead letters of the queue {name}")
    for letter in found:
        record = {
            "why": _why(letter) or "see the function's log, by the correlation",
            "message": letter.id,
            "correlation": messages.correlation(letter.content, letter.id),
            "sent": f"{_time(letter)} UTC, received {letter.received} times since",
        }
        facts(_about(letter), record)
    return None


@dlq_command.command("redrive")
@_queue_argument
@click.option("--all", "everything", is_flag=True, help="All that are there now.")
@click.option("--limit", type=click.IntRange(min=1), help="So many at most: try one first.")
@json_option
def redrive_command(name: str, everything: bool, limit: int | None, as_json: bool) -> None:
    """Send dead letters of QUEUE back to it.

    QUEUE is compile, split, score, requests or requests-fifo. Each letter is sent and then deleted, so that Ctrl-C
    loses none; one may come twice, which every function takes. Chunks of jobs get their five attempts again. A dead
    letter of a FIFO queue has to be six minutes old: to a younger one SQS would say yes and drop it, as a repetition.
    """
    if everything == (limit is not None):
        raise InvalidInput("say how many to send: either --all or --limit N")
    sqs, named = _queues()
    queue = queues.find(sqs, named, name)
    waiting = queues.load(sqs, queue).dead
    many = min(waiting, limit or waiting)  # those that come back meanwhile are not sent round and round
    with bar(console(stderr=True)) as progress, Letters(sqs, queue) as letters:
        task = progress.add_task("redriving", total=many)
        done = letters.redrive(many, prepare=_preparation(queue), told=lambda: progress.advance(task))
    if as_json:
        return _print(asdict(done))
    click.echo(f"{done.moved} message{'' if done.moved == 1 else 's'} sent back to the queue {name}")
    if done.kept:
        click.echo(f"{done.kept} kept, because they are younger than six minutes: redrive them then")
    return None


def _queues() -> tuple[Any, Mapping[str, str]]:
    """SQS, and the URLs of the stack's working queues by name."""
    named = StackSettings.from_environment(os.environ).queues
    if not named:
        raise unset("LIGHTSHIP_QUEUES")
    return aws.client("sqs", attempts=_ATTEMPTS), named


def _preparation(queue: Queue) -> Callable[[Letter], None]:
    """What a queue's letters need before they are sent: those of jobs, new attempts."""
    stack = StackSettings.from_environment(os.environ)
    if queue.url not in {stack.split_queue, stack.score_queue}:
        return lambda letter: None
    cloud = connect(stack)
    return lambda letter: redriven.revive(letter.content, cloud)


def _about(letter: Letter) -> str:
    """What a message is about, in a few words."""
    match letter.content:
        case {"chunk": {"job": job, "index": index}}:
            about = f"chunk {index} of job {job}"
        case {"split": {"job": job}} | {"plan": {"job": job}}:
            about = f"splitting of job {job}"
        case {"finish": {"job": job}}:
            about = f"receipt of job {job}"
        case {"run": {"schedule": schedule, "time": time, "model": model}}:
            about = f"run of schedule {schedule} at {time}: {model}"
        case {"request": {"method": method, "path": path}}:
            about = f"{method} {path}"
        case {"detail-type": kind, "detail": {"bucket": {"name": bucket}, "object": {"key": key}}}:
            about = f"{kind}: s3://{bucket}/{key}"
        case _:
            about = letter.body
    about = about.encode(errors="backslashreplace").decode()  # JSON can escape half of a character
    return about if len(about) <= _LONGEST else f"{about[: _LONGEST - 1]}…"


def _time(letter: Letter) -> str:
    return datetime.fromtimestamp(letter.sent, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _why(letter: Letter) -> str | None:
    """Why it failed the last time, where its function's log is on this machine."""
    folder = os.environ.get(logs.VARIABLE)
    return logs.failure_reason(Path(folder), letter.id) if folder else None


def _record(letter: Letter) -> dict[str, Any]:
    record = {name: value for name, value in asdict(letter).items() if name != "handle"}
    correlation = messages.correlation(letter.content, letter.id)
    return {**record, "what": _about(letter), "why": _why(letter), "correlation": correlation}


def _print(value: Any) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=_text))


def _text(value: Any) -> str:
    """Binary attributes of a message as text."""
    return bytes(value).decode(errors="replace")
