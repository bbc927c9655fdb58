"""``lightship compare``: two versions on the same rows."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.table import Table

from lightship.cli.arguments import completion
from lightship.cli.arguments.options import (
    header_option,
    json_option,
    parse_model,
    registry_option,
    transforms_option,
)
from lightship.cli.evaluate import (
    bootstrap_option,
    load,
    print_left_out,
    print_warnings,
    reading,
    rows,
    short,
    skip_option,
    target_option,
)
from lightship.cli.output import terminal
from lightship.cli.output.failures import UNMET
from lightship.cli.output.metrics import number
from lightship.cli.output.terminal import counted, printable
from lightship.evaluation.comparison import ComparedOutput, Comparison, Requirement, Verdict, compare
from lightship.evaluation.evaluate import Options
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings

_CHANGES = 10


@click.command("compare")
@click.argument("before", metavar="NAME[@VERSION]", shell_complete=completion.models_and_versions)
@click.argument("after", metavar="NAME[@VERSION]", shell_complete=completion.models_and_versions)
@click.option("--data", metavar="DATA", type=click.Path(path_type=Path, exists=True), required=True, help="Rows.")
@target_option
@click.option(
    "--require",
    "required",
    metavar="DIFFERENCE",
    multiple=True,
    help="Difference of a metric that must hold, such as 'accuracy>=-0.005'; otherwise the exit code is 3. Repeatable.",
)
@skip_option
@bootstrap_option
@header_option
@transforms_option
@registry_option
@json_option
def compare_command(
    before: str,
    after: str,
    *,
    data: Path,
    target: str | None,
    required: tuple[str, ...],
    skip_bad: bool,
    bootstrap: int,
    header: bool | None,
    transforms: TransformSettings,
    registry: Registry,
    as_json: bool,
) -> None:
    """Compare two versions on the same rows of data with targets.

    A difference is the second version's metric minus the first one's. For DATA see `lightship evaluate`.
    A requirement is of the first output; of another one it is OUTPUT.METRIC.

    \b
    lightship compare churn@3 churn@4 --data test.csv --require 'accuracy>=-0.005'
    lightship compare faces@1 faces@2 --data images/ --require 'age.mae<=0.1'
    """
    requirements = [Requirement.parse(text) for text in required]
    options = Options(target, skip_bad=skip_bad, replicates=bootstrap, header=header)
    names = [(name, registry.resolve(name, version)) for name, version in map(parse_model, (before, after))]
    models = [load(registry, name, version, transforms) for name, version in names]
    with reading(visible=not as_json) as progress:
        comparison = compare(models[0], models[1], data, options, progress=progress)
    print_warnings(comparison.warnings)
    verdicts = [requirement.check(comparison.outputs, lost=comparison.lost) for requirement in requirements]
    if as_json:
        models_record = [{"name": name, "version": version} for name, version in names]
        checked = [verdict.to_json() for verdict in verdicts]
        click.echo(orjson.dumps({"models": models_record, **comparison.to_json(), "requirements": checked}))
    else:
        _print([f"{name}@{version}" for name, version in names], comparison, verdicts)
    if not all(verdict.holds for verdict in verdicts):
        sys.exit(UNMET)


def _print(names: list[str], comparison: Comparison, verdicts: list[Verdict]) -> None:
    console = terminal.console()
    console.print(f"{printable(comparison.data.name)}: {rows(comparison.data)}", style="bold")
    for output in comparison.outputs:
        _print_output(console, names, output)
    console.print(_costs(names, comparison))
    if comparison.unmatched:
        listed = ", ".join(map(printable, comparison.unmatched))
        console.print(f"not compared, because only one of the versions has them: {listed}", soft_wrap=True)
    print_left_out(console, comparison.data)
    if comparison.lost:
        lost = counted(comparison.lost, "row")
        console.print(
            f"warning: only {names[0]} has a finite prediction for {lost}: no requirement holds", soft_wrap=True
        )
    for verdict in verdicts:
        state = "holds" if verdict.holds else "does not hold"
        console.print(f"{printable(verdict.requirement)} {state}: the difference is {verdict.difference:+.4g}")


def _print_output(console: Console, names: list[str], output: ComparedOutput) -> None:
    console.print(_metrics(names, output))
    for name, reason in output.absent.items():
        console.print(f"{name} is not defined: {reason}", soft_wrap=True)
    if (test := output.mcnemar) is not None:
        console.print(
            f"right in {names[0]} only: {test.only_before:,}, in {names[1]} only: {test.only_after:,}; McNemar's test: "
            f"p = {test.p_value:.3g}",
            soft_wrap=True,
        )
    console.print(f"{output.changed:,} of {counted(output.rows, 'prediction')} changed")
    if output.changes:
        console.print(_changes(names, output))


def _metrics(names: list[str], output: ComparedOutput) -> Table:
    table = Table(printable(output.output), "before", "after", "difference", "95 % interval", title=" to ".join(names))
    for name, each in output.metrics.items():
        interval = "" if each.low is None or each.high is None else f"{each.low:+.4f} to {each.high:+.4f}"
        table.add_row(name, number(each.before), number(each.after), f"{each.difference:+.4f}", interval)
    return table


def _costs(names: list[str], comparison: Comparison) -> Table:
    table = Table("cost", *names, "difference")
    for size, (before, after) in comparison.latencies.by_rows.items():
        cells = [f"{seconds * 1e6:,.0f} µs" for seconds in (before, after)]
        table.add_row(f"latency, {counted(size, 'row')}", *cells, f"{after / before - 1:+.0%}")
    before_bytes, after_bytes = comparison.sizes
    table.add_row("bytes", f"{before_bytes:,}", f"{after_bytes:,}", f"{after_bytes / before_bytes - 1:+.0%}")
    return table


def _changes(names: list[str], output: ComparedOutput) -> Table:
    table = Table("changed", "target", *names)
    for change in output.changes[:_CHANGES]:
        cells = (short(value) for value in (change.target, change.before, change.after))
        table.add_row(printable(change.place), *cells)
    return table
