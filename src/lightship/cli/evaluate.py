"""``lightship evaluate``: metrics of a model over data with targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from lightship.calls import Call
from lightship.cli.arguments.options import (
    OUTPUT_FILE,
    header_option,
    json_option,
    model_argument,
    parse_model,
    registry_option,
    transforms_option,
)
from lightship.cli.output import terminal
from lightship.cli.output.metrics import figure, metrics_table, number
from lightship.cli.output.terminal import counted, printable
from lightship.engines.quiet import quiet
from lightship.errors import LightshipError, SettingError
from lightship.evaluation.evaluate import Options, evaluate, report_parts
from lightship.evaluation.evaluation import SCHEMA, Evaluated, Evaluation
from lightship.evaluation.metrics import Figure, OutputFigures
from lightship.evaluation.mistakes import Mistake
from lightship.evaluation.report import render
from lightship.evaluation.slices import Slice
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings

# Rows of tables on the terminal; --json has all.
_CLASSES = 20
_MISTAKES = 5
_SKIPS = 5
_LENGTH = 60

# Metrics of a slice that fit the terminal.
_SLICE_METRICS = ("accuracy", "f1_macro", "subset_accuracy", "rmse", "mae", "r2")

data_argument = click.argument("data", type=click.Path(path_type=Path, exists=True))
target_option = click.option(
    "--target", metavar="COLUMN", help="Column with the targets.  [default: the one named like the output]"
)
skip_option = click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be evaluated, and list them.")
bootstrap_option = click.option(
    "--bootstrap",
    metavar="N",
    type=click.IntRange(0, 10_000),
    default=200,
    show_default=True,
    help="Replicates for the 95 % intervals; 0 for none.",
)


@click.command("evaluate")
@model_argument
@data_argument
@target_option
@click.option("--slice", "slices", metavar="COLUMN", multiple=True, help="Metrics by this column's values. Repeatable.")
@skip_option
@bootstrap_option
@click.option("--report", "page", metavar="FILE.html", type=OUTPUT_FILE, help="Also write a report as one HTML file.")
@header_option
@transforms_option
@registry_option
@json_option
def evaluate_command(
    model: str,
    data: Path,
    *,
    target: str | None,
    slices: tuple[str, ...],
    skip_bad: bool,
    bootstrap: int,
    page: Path | None,
    header: bool | None,
    transforms: TransformSettings,
    registry: Registry,
    as_json: bool,
) -> None:
    """Measure how good a model is on data with targets.

    DATA is a .csv, .jsonl, .parquet or .npz file, or a folder of images, FOLDER/CLASS/*.png or *.jpg.

    \b
    lightship evaluate churn test.csv --target churned --slice country
    lightship evaluate digits@2 images/ --json
    """
    if page is not None and not page.parent.is_dir():
        raise SettingError(f"--report {page}: the folder {page.parent} does not exist")
    name, version = parse_model(model)
    number = registry.resolve(name, version)
    options = Options(target, slices, skip_bad, bootstrap, header=header)
    loaded = load(registry, name, number, transforms)
    with reading(visible=not as_json) as progress:
        evaluation = evaluate(loaded, data, replace(options, baseline=page is not None), progress=progress)
    print_warnings(evaluation.warnings)
    if page is not None:
        parts = report_parts(loaded, data, evaluation, options)
        content = {"schema": SCHEMA, "card": dict(loaded.manifest.card), **parts}
        page.write_text(render(content, name=name, version=number), encoding="utf-8")
    if as_json:
        click.echo(orjson.dumps({"model": name, "version": number, "evaluation": evaluation.to_json()}))
    else:
        show(f"{name} version {number}", evaluation)


def load(registry: Registry, name: str, version: int, transforms: TransformSettings) -> Model:
    """Load a version and call it once: LiteRT prints messages at the first call."""
    with quiet():
        model = Model.load(registry.open(name, version), transforms=transforms)
        with suppress(LightshipError):
            model.predict(Call(model.golden()[0]))
    return model


@contextmanager
def reading(*, visible: bool) -> Iterator[Callable[[float], None]]:
    """Show how much of the data was read, on a terminal."""
    console = terminal.console(stderr=True, quiet=not visible)
    columns = (TextColumn("evaluating"), BarColumn(bar_width=20), TaskProgressColumn(), TimeElapsedColumn())
    with terminal.bar(console, *columns) as bar:
        task = bar.add_task("evaluating", total=1.0)
        yield lambda done: bar.update(task, completed=done)


def show(title: str, evaluation: Evaluation) -> None:
    """Print an evaluation as tables."""
    console = terminal.console()
    console.print(f"{title} on {printable(evaluation.data.name)}: {rows(evaluation.data)}", style="bold")
    for output in evaluation.outputs:
        _print_output(console, output)
    for each in evaluation.slices:
        console.print(_slice_table(each))
    if evaluation.worst:
        console.print(_mistakes(evaluation.worst))
    print_left_out(console, evaluation.data)


def rows(data: Evaluated) -> str:
    """Return the numbers of rows, and of those that are left out."""
    left_out = {"skipped": data.skipped, "excluded": data.excluded}
    return ", ".join([counted(data.rows, "row"), *(f"{count:,} {name}" for name, count in left_out.items() if count)])


def print_warnings(warnings: Sequence[str]) -> None:
    """Print warnings on standard error."""
    for warning in warnings:
        click.echo(f"warning: {printable(warning)}", err=True)


def print_left_out(console: Console, data: Evaluated) -> None:
    """Print the first rows that are skipped and excluded, with the reasons.

    The others are counted.
    """
    parts = (("skipped", data.skips, data.skipped), ("excluded", data.exclusions, data.excluded))
    for name, listed, total in parts:
        for each in listed[:_SKIPS]:
            where = f"{each['file']}, row {each['row']}" + (f", column '{each['column']}'" if each["column"] else "")
            console.print(f"{name}: {printable(where)}: {printable(each['reason'])}", soft_wrap=True)
        if total > _SKIPS:
            more = f"; --json lists the first {len(listed)}" if len(listed) > _SKIPS else ""
            console.print(f"{name}: {counted(total - _SKIPS, 'more row')}{more}", soft_wrap=True)


def _print_output(console: Console, output: OutputFigures) -> None:
    console.print(metrics_table(output.output, output.metrics))
    for name, reason in output.absent.items():
        console.print(f"{name} is not defined: {reason}", soft_wrap=True)
    if output.per_class:
        console.print(_class_table(output))
    if output.compiled_metrics:
        pairs = ", ".join(f"{name} {number(value)}" for name, value in output.compiled_metrics.items())
        console.print(f"compiled with the model (Keras): {pairs}")


def _class_table(output: OutputFigures) -> Table:
    names = ("precision", "recall", "f1")
    hidden = len(output.per_class) - _CLASSES
    table = Table("class", "rows", *names, caption=f"and {hidden} more: see --json" if hidden > 0 else None)
    for each in output.per_class[:_CLASSES]:
        cells = [figure(each.metrics[name])[0] if name in each.metrics else "-" for name in names]
        table.add_row(printable(each.name), f"{each.support:,}", *cells)
    return table


def _slice_table(found: Slice) -> Table:
    names = [name for name in _SLICE_METRICS if any(name in value.metrics for value in found.values)]
    table = Table(printable(found.column), "rows", *names)
    for value in found.values:
        cells = [" ".join(filter(None, _bracketed(value.metrics.get(name)))) for name in names]
        table.add_row(printable(value.value), f"{value.rows:,}", *cells)
    return table


def _bracketed(value: Figure | None) -> tuple[str, str]:
    if value is None:
        return "-", ""
    middle, interval = figure(value)
    return middle, f"({interval})" if interval else ""


def _mistakes(worst: tuple[Mistake, ...]) -> Table:
    table = Table("worst mistakes", "target", "predicted", "loss")
    for mistake in worst[:_MISTAKES]:
        table.add_row(printable(mistake.place), short(mistake.target), short(mistake.predicted), number(mistake.loss))
    return table


def short(value: object) -> str:
    """Return a target or prediction for a table."""
    if isinstance(value, Mapping):
        return f"{printable(str(value['class']))} ({value['probability']:.3f})"
    return printable(str(value))[:_LENGTH]
