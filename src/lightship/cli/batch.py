"""``lightship batch`` and ``lightship job``: data files scored by a stack."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from lightship import aws
from lightship.aws.stack import StackSettings
from lightship.bundle import Manifest
from lightship.cli.arguments.options import OUTPUT_FILE, header_option, json_option, model_argument, parse_model
from lightship.cli.bucket import downloads, uploads
from lightship.cli.output.failures import ALL_REJECTED, Group
from lightship.cli.output.terminal import bar, command, console
from lightship.dispatch.callers import owner_of
from lightship.errors import InvalidInput
from lightship.jobs import inputs, models, objects, operations
from lightship.jobs.cloud import Cloud, connect
from lightship.jobs.files import images
from lightship.jobs.finish.receipts import RECEIPT
from lightship.jobs.ledger.records import FINAL, State
from lightship.jobs.ledger.requests import SYSTEM, Options, Request, Source
from lightship.jobs.status import Status

_PAUSE = 0.5


@click.command("batch")
@model_argument
@click.argument("path", metavar="FILE|FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Where to write the result: a file, or an empty folder for parts (Parquet: always a folder).  "
    "[default: it stays in the bucket]",
)
@click.option(
    "--rejected",
    type=OUTPUT_FILE,
    help="Where to write the rejected rows, with their reasons, as JSON Lines.  [default: they stay in the bucket]",
)
@click.option("--format", "output_format", type=click.Choice(["parquet"]), help="Output format, if not the input's.")
@click.option("--threshold", type=float, help="Rejected rows at which the job fails: a fraction below 1, or a count.")
@click.option("--target", help="Column with the targets: adds metrics to the receipt.")
@header_option
@click.option("--safe", is_flag=True, help="Escape text that spreadsheets would evaluate as formulas.")
@click.option("--again", "run", default="", metavar="TOKEN", help="Any new token, to score the same file again.")
@json_option
def batch_command(
    model: str,
    path: Path,
    *,
    output: Path | None,
    rejected: Path | None,
    output_format: str | None,
    threshold: float | None,
    target: str | None,
    header: bool | None,
    safe: bool,
    run: str,
    as_json: bool,
) -> None:
    """Score a data file, or the images of a folder or a tar file.

    Data files are CSV, JSON Lines or Parquet, images are PNG or JPEG. The images of a folder are uploaded in tar files;
    a folder of tar files is uploaded as it is. The functions of a stack score them; the stack is
    selected by the variables of .lightship.env, or of a deployed stack's output Environment. Files that are already in
    the bucket are not uploaded again. The exit code is 4 if every row was rejected.
    """
    name, version = parse_model(model)
    files, last = uploads.find(path), "" if path.is_dir() else path.name
    source = Source("", f"/{last}")
    options = Options(output_format, False, threshold, safe, target, header)
    input_format, _ = inputs.format_of(source, options)
    if output is not None:
        parts = downloads.in_parts(output, parquet="parquet" in {input_format, output_format})
        options = replace(options, single=not parts)
    if rejected is not None:
        downloads.check_file(rejected)
    cloud, owner = _stack()
    number = models.find(cloud, name, version, allow_withdrawn=False).version
    if input_format in inputs.WITHOUT_HEADER:
        images.check(Manifest.from_bytes(models.manifest(cloud, name, number)).signature())
    screen = console(stderr=True)
    key = uploads.send(files, cloud, owner, screen, packed=uploads.are_images(files)) + last
    job = operations.start(cloud, Request(owner, name, key, version, options, run))
    hint = "" if job.final else f": it continues after Ctrl-C; `{command('job', 'cancel', job.id)}` stops it"
    click.echo(f"job {job.id} is {job.state}{hint}", err=True)
    status = _follow(cloud, owner, job.id, screen)
    receipt = _receipt(cloud, status)
    if output is not None:
        downloads.save(cloud, receipt, output)
    if rejected is not None:
        downloads.save_rejected(cloud, receipt, rejected)
    _print(cloud, status, receipt, output=output, rejected=rejected, as_json=as_json)
    if receipt["rows"]["rejected"] and not receipt["rows"]["scored"]:
        click.get_current_context().exit(ALL_REJECTED)


def _stack(*, system: bool = False) -> tuple[Cloud, str]:
    """Return the environment's stack and the jobs' owner: the caller, as over HTTP.

    With ``system`` the owner is the system, for jobs started by files and schedules. Permissions are not checked here:
    IAM permissions on the table decide.
    """
    cloud = connect(StackSettings.from_environment(os.environ))
    return cloud, SYSTEM if system else owner_of(str(aws.client("sts", attempts=2).get_caller_identity()["Arn"]))


def _follow(cloud: Cloud, owner: str, job: str, screen: Console) -> Status:
    """Show a job's progress until it is final or incomplete, and return its status."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with bar(screen, *columns) as progress:
        task = progress.add_task("splitting", total=None)
        while True:
            status = operations.status(cloud, owner=owner, job=job)
            done = status.done.rows
            progress.update(task, description=f"{status.state}: {done:,} rows", completed=done, total=status.rows)
            if status.state in FINAL | {State.INCOMPLETE}:
                return status
            time.sleep(_PAUSE)


def _receipt(cloud: Cloud, status: Status) -> Any:
    """Return a job's receipt; raises InvalidInput with the reason if it has none."""
    if status.state not in {State.DONE, State.CLOSED}:
        reason = status.job.reason or "some chunks failed in every attempt: `lightship job retry` sends them again"
        raise InvalidInput(f"job {status.job.id} is {status.state}: {reason}")
    return orjson.loads(objects.read(cloud, status.job.output + RECEIPT))


def _print(
    cloud: Cloud, status: Status, receipt: Any, *, output: Path | None, rejected: Path | None, as_json: bool
) -> None:
    if as_json:
        click.echo(orjson.dumps(receipt, option=orjson.OPT_INDENT_2))
        return
    table = Table("", Column(overflow="fold"), show_header=False)
    table.add_row("job", status.job.id)
    for kind in ("read", "scored", "rejected"):
        table.add_row(f"rows {kind}", f"{receipt['rows'][kind]:,}")
    if missing := sum(span["rows"] for span in receipt.get("missing", [])):
        table.add_row("rows missing", f"{missing:,}")
    for name, value in receipt.get("metrics", {}).items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    table.add_row("result", str(output or f"s3://{cloud.bucket}/{status.job.output}"))
    locations = [f"s3://{cloud.bucket}/{part['key']}" for part in receipt["errors"]]
    for location in [str(rejected)] if rejected and locations else locations:
        table.add_row("rejected rows", location)
    console().print(table)


@click.group("job", cls=Group)
def job_command() -> None:
    """Inspect, cancel, retry and close jobs.

    Your jobs are those that you started. Jobs started by a file in the bucket or by a schedule belong to the system:
    use --system for them.
    """


_id_argument = click.argument("identity", metavar="ID")
_system_option = click.option(
    "--system", is_flag=True, help="The job was started by a file in the bucket or a schedule."
)


@job_command.command("list")
@click.option("--system", is_flag=True, help="List jobs started by files in the bucket and schedules, not yours.")
@json_option
def list_command(system: bool, as_json: bool) -> None:
    """List your jobs, the newest first."""
    cloud, owner = _stack(system=system)
    statuses = operations.statuses(cloud, owner=owner)
    if as_json:
        click.echo(orjson.dumps([status.to_json() for status in statuses], option=orjson.OPT_INDENT_2))
        return
    table = Table(Column("job", no_wrap=True), Column("input", overflow="fold"), "state", "started, UTC")
    for status in statuses:
        description = f"{status.job.source.name}\n{status.job.model}@{status.job.version}"
        started = datetime.fromtimestamp(status.job.created, UTC).strftime("%Y-%m-%d\n%H:%M:%S")
        table.add_row(status.job.id, description, f"{status.state}\n{status.done.rows:,} rows", started)
    console().print(table)


@job_command.command("status")
@_id_argument
@_system_option
def status_command(identity: str, system: bool) -> None:
    """Print the progress of a job as JSON."""
    cloud, owner = _stack(system=system)
    status = operations.status(cloud, owner=owner, job=identity)
    click.echo(orjson.dumps(status.to_json(), option=orjson.OPT_INDENT_2))


@job_command.command("cancel")
@_id_argument
@_system_option
def cancel_command(identity: str, system: bool) -> None:
    """Cancel a job: it gets no receipt."""
    cloud, owner = _stack(system=system)
    click.echo(f"job {identity} is {operations.cancel(cloud, owner=owner, job=identity).state}")


@job_command.command("retry")
@_id_argument
@_system_option
def retry_command(identity: str, system: bool) -> None:
    """Send again the unfinished work that no worker is processing."""
    cloud, owner = _stack(system=system)
    click.echo(f"{operations.retry(cloud, owner=owner, job=identity)} messages sent again")


@job_command.command("close")
@_id_argument
@_system_option
def close_command(identity: str, system: bool) -> None:
    """Close an incomplete job with a receipt.

    The receipt lists the missing rows.
    """
    cloud, owner = _stack(system=system)
    closed = operations.close(cloud, owner=owner, job=identity)
    click.echo(f"job {identity} is {closed.state if closed.final else 'being closed: its receipt is being written'}")
