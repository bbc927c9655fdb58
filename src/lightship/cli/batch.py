"""``lightship batch`` and ``lightship job``: data files scored by the functions behind the queues."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from lightship import aws
from lightship.cli.options import json_option, parse_model
from lightship.errors import InvalidInput
from lightship.handlers.places import Places
from lightship.jobs import operations
from lightship.jobs.cloud import Cloud
from lightship.jobs.operations import Status
from lightship.jobs.receipts import RECEIPT
from lightship.jobs.records import FINAL, SYSTEM, Options, State

_PAUSE = 0.5


@click.command("batch")
@click.argument("model", metavar="NAME[@VERSION]")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), help="Where to write the result.  [default: it stays in the bucket]"
)
@click.option("--format", "output_format", type=click.Choice(["parquet"]), help="Another format than the input's.")
@click.option("--threshold", type=float, help="Rejected rows at which to fail: a fraction below 1, else a count.")
@click.option("--target", help="Column with the true answers: the receipt has metrics.")
@click.option("--safe", is_flag=True, help="Keep spreadsheets from taking text for formulas.")
@click.option(
    "--again", "run", default="", metavar="TOKEN", help="Another word for a deliberate rerun of the same file."
)
@json_option
def batch_command(
    model: str,
    file: Path,
    output: Path | None,
    output_format: str | None,
    threshold: float | None,
    target: str | None,
    safe: bool,
    run: str,
    as_json: bool,
) -> None:
    """Score a file of rows with the functions of a stack.

    FILE is CSV, JSON Lines or Parquet. Works where `lightship up` or a deployed stack says, in the variables that
    .lightship.env or the stack's output Environment sets.
    """
    name, version = parse_model(model)
    options = Options(output_format, output is not None, threshold, safe, target)
    if output is not None and not output.parent.is_dir():
        raise InvalidInput(f"there is no folder {output.parent} to write {output.name} into")
    cloud, owner = _stack()
    place = operations.upload(cloud, owner=owner, name=file.name)
    cloud.s3.upload_file(str(file), cloud.bucket, place["key"])
    job = operations.start(cloud, owner=owner, model=name, key=place["key"], version=version, options=options, run=run)
    status = _follow(cloud, owner, job.id, Console(stderr=True))
    if status.state == State.DONE and output is not None:
        _download(cloud, status, output)
    _say(cloud, status, output, as_json)


def _stack(*, system: bool = False) -> tuple[Cloud, str]:
    """The stack of the environment, and whose jobs are meant: the caller's, by the ARN that API Gateway knows too.

    ``system`` means those that files and the clock started. No right is checked here: who may use the table has it.
    """
    cloud = Places.from_environment().cloud()
    return cloud, SYSTEM if system else str(aws.client("sts", attempts=2).get_caller_identity()["Arn"])


def _follow(cloud: Cloud, owner: str, job: str, console: Console) -> Status:
    """Show a job's progress until nothing more will happen by itself."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("splitting", total=None)
        while True:
            status = operations.status(cloud, owner=owner, job=job)
            done = status.done.rows
            progress.update(task, description=f"{status.state}: {done:,} rows", completed=done, total=status.rows)
            if status.state in FINAL | {State.INCOMPLETE}:
                return status
            time.sleep(_PAUSE)


def _download(cloud: Cloud, status: Status, output: Path) -> None:
    """The one file of a job: whole or not at all."""
    half = output.with_name(f"{output.name}.part")
    try:
        cloud.s3.download_file(cloud.bucket, _receipt(cloud, status)["parts"][0]["key"], str(half))
        half.replace(output)
    finally:
        half.unlink(missing_ok=True)


def _receipt(cloud: Cloud, status: Status) -> Any:
    found = cloud.s3.get_object(Bucket=cloud.bucket, Key=status.job.output + RECEIPT)
    return orjson.loads(found["Body"].read())


def _say(cloud: Cloud, status: Status, output: Path | None, as_json: bool) -> None:
    """The receipt, or why there is none: InvalidInput."""
    if status.state not in {State.DONE, State.CLOSED}:
        reason = status.job.reason or "some chunks failed every time: `lightship job retry` sends them again"
        raise InvalidInput(f"job {status.job.id} is {status.state}: {reason}")
    receipt = _receipt(cloud, status)
    if as_json:
        click.echo(orjson.dumps(receipt, option=orjson.OPT_INDENT_2))
        return
    table = Table("", "", show_header=False)
    table.add_row("job", status.job.id)
    for what in ("read", "scored", "rejected"):
        table.add_row(f"rows {what}", f"{receipt['rows'][what]:,}")
    for name, value in receipt.get("metrics", {}).items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    table.add_row("result", str(output or f"s3://{cloud.bucket}/{status.job.output}"))
    for part in receipt["errors"]:
        table.add_row("rejected rows", f"s3://{cloud.bucket}/{part['key']}")
    Console().print(table)


@click.group("job")
def job_command() -> None:
    """See to a job: its status, and what its owner may do about it.

    Your jobs are those that you started. Those that a file dropped into the bucket or the clock started belong to the
    system: say --system to mean them.
    """


_id_argument = click.argument("identity", metavar="ID")
_system_option = click.option("--system", is_flag=True, help="A job that a file in the bucket or the clock started.")


@job_command.command("list")
@click.option("--system", is_flag=True, help="Those that files in the bucket and the clock started, instead of yours.")
@json_option
def list_command(system: bool, as_json: bool) -> None:
    """Your jobs, the newest first."""
    cloud, owner = _stack(system=system)
    found = operations.statuses(cloud, owner=owner)
    if as_json:
        click.echo(orjson.dumps([status.to_json() for status in found], option=orjson.OPT_INDENT_2))
        return
    table = Table(Column("job", no_wrap=True), Column("what", overflow="fold"), "state", "started, UTC")
    for status in found:
        what = f"{status.job.source.name}\n{status.job.model}@{status.job.version}"
        started = datetime.fromtimestamp(status.job.created, UTC).strftime("%Y-%m-%d\n%H:%M:%S")
        table.add_row(status.job.id, what, f"{status.state}\n{status.done.rows:,} rows", started)
    Console(markup=False).print(table)


@job_command.command("status")
@_id_argument
@_system_option
def status_command(identity: str, system: bool) -> None:
    """How far a job is, as JSON."""
    cloud, owner = _stack(system=system)
    status = operations.status(cloud, owner=owner, job=identity)
    click.echo(orjson.dumps(status.to_json(), option=orjson.OPT_INDENT_2))


@job_command.command("cancel")
@_id_argument
@_system_option
def cancel_command(identity: str, system: bool) -> None:
    """Stop a job: it gets no receipt."""
    cloud, owner = _stack(system=system)
    click.echo(f"job {identity} is {operations.cancel(cloud, owner=owner, job=identity).state}")


@job_command.command("retry")
@_id_argument
@_system_option
def retry_command(identity: str, system: bool) -> None:
    """Send again what nobody is at work on."""
    cloud, owner = _stack(system=system)
    click.echo(f"{operations.retry(cloud, owner=owner, job=identity)} messages sent again")


@job_command.command("close")
@_id_argument
@_system_option
def close_command(identity: str, system: bool) -> None:
    """Give an incomplete job its receipt.

    The receipt lists the rows that are missing.
    """
    cloud, owner = _stack(system=system)
    click.echo(f"job {identity} is {operations.close(cloud, owner=owner, job=identity).state}")
