"""``lightship report``: a version's report as a page, JSON, or single charts."""

from __future__ import annotations

from pathlib import Path

import click

from lightship.calls import Report
from lightship.cli.arguments.options import OUTPUT_FILE, json_option, model_argument, parse_model, registry_option
from lightship.evaluation.report import check, figures, render
from lightship.protocols.native import encode_report
from lightship.registry.registry import Registry


@click.command("report")
@model_argument
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@click.option("--output", metavar="FILE.html", type=OUTPUT_FILE, help="File to write.  [default: NAME-VERSION.html]")
@click.option(
    "--figures",
    "folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the charts as SVG files into this folder, which is created if it does not exist; no page.",
)
@registry_option
@json_option
def report_command(
    model: str, opened: bool, output: Path | None, folder: Path | None, registry: Registry, as_json: bool
) -> None:
    """Write the report of a version as one HTML file.

    The file needs no network. A version has a report if it was compiled with --data.

    \b
    lightship report churn --open
    lightship report churn@3 --output churn.html
    lightship report churn --figures figures
    """
    if (folder is not None or as_json) and (opened or output is not None or (folder is not None and as_json)):
        raise click.UsageError("--json and --figures write no page: use them without --open, --output and each other")
    report = _read(registry, model)
    if as_json:
        return click.echo(encode_report(report).body)
    return _draw(report, folder) if folder is not None else _write(report, output, opened=opened)


def _read(registry: Registry, model: str) -> Report:
    name, version = parse_model(model)
    number = registry.resolve(name, version)
    report = Report(name, number, registry.report(name, number), registry.measurements(name, number))
    check(report.content, report.measurements)
    return report


def _write(report: Report, output: Path | None, *, opened: bool) -> None:
    path = output or Path(f"{report.model}-{report.version}.html")
    page = render(report.content, name=report.model, version=report.version, measurements=report.measurements)
    path.write_text(page, encoding="utf-8")
    click.echo(str(path))
    if opened and click.launch(str(path)):
        click.echo(f"there is no browser to open {path} with", err=True)


def _draw(report: Report, folder: Path) -> None:
    charts = figures(report.content, measurements=report.measurements)
    folder.mkdir(parents=True, exist_ok=True)
    for name, chart in charts.items():
        path = folder / f"{name}.svg"
        path.write_text(chart, encoding="utf-8")
        click.echo(str(path))
