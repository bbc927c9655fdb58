"""``lightship compile``: compiles a model file to the next version of a model."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import orjson
from rich.table import Table

from lightship.cli.arguments import completion
from lightship.cli.arguments.options import json_option, new_registry_option
from lightship.cli.evaluate import print_left_out, skip_option
from lightship.cli.output import compression, terminal
from lightship.cli.output.compression import duration
from lightship.cli.output.metrics import metrics_table
from lightship.cli.output.stages import stages, warning
from lightship.cli.output.terminal import command, counted, has_stack
from lightship.evaluation.evaluation import Evaluated
from lightship.evaluation.metrics import Figure
from lightship.extras import installation
from lightship.registry.registry import Registry
from lightship.settings import Settings, TransformSettings

if TYPE_CHECKING:
    from lightship.compiler import Report

_MAX_VALUES = 16  # in a command that is printed for pasting


@click.command("compile")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--name",
    metavar="NAME",
    help="The model's name.  [default: model.yaml's, or the file's]",
    shell_complete=completion.models,
)
@click.option(
    "--config", metavar="FILE", type=click.Path(path_type=Path), help="A model.yaml: kinds, classes, metrics."
)
@click.option(
    "--data",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Inputs for comparing the outputs, with targets also for an evaluation: .csv, .jsonl, .parquet, .npy, .npz, "
    "or a folder of images by class.",
)
@click.option(
    "--target", metavar="COLUMN", help="Column of --data with the targets.  [default: the one named like the output]"
)
@skip_option
@click.option(
    "--max-drop",
    metavar="METRIC=AMOUNT",
    help="Take a faster variant whose metric is worse by at most this, such as accuracy=0.005.",
)
@click.option(
    "--max-error", metavar="AMOUNT", type=float, help="Take a faster variant whose outputs differ by at most this."
)
@click.option(
    "--prefer", type=click.Choice(["latency", "size"]), help="What decides among the variants.  [default: latency]"
)
@new_registry_option
@click.option("--engine", type=click.Choice(["litert", "tensorflow"]), help="Require an engine.")
@click.option("--trust", is_flag=True, help="Open the file even if it holds code, which then runs in the sandbox.")
@click.option("--slow", is_flag=True, help="Accept a model that takes more time or memory than the stated limits.")
@click.option(
    "--no-sandbox", is_flag=True, help="Compile even if this machine cannot sandbox the process that opens the file."
)
@json_option
def compile_command(
    source: Path,
    *,
    name: str | None,
    config: Path | None,
    data: Path | None,
    target: str | None,
    skip_bad: bool,
    max_drop: str | None,
    max_error: float | None,
    prefer: str | None,
    registry: Registry,
    engine: str | None,
    trust: bool,
    slow: bool,
    no_sandbox: bool,
    as_json: bool,
) -> None:
    """Compile a model into the registry.

    SOURCE is a .keras, .h5 or .hdf5 file of Keras, a .skops file of scikit-learn, a .ubj or .json file of XGBoost, a
    .txt file of LightGBM, a .tflite file, or a SavedModel as a folder, .zip or .tar.gz.
    """
    from lightship.compiler import CompileOptions, compile_model
    from lightship.compiler.compression import budget

    options = CompileOptions(
        name=name,
        config=config,
        data=data,
        target=target,
        skip_bad=skip_bad,
        engine=engine,
        trust=trust,
        slow=slow,
        sandbox=not no_sandbox,
        budget=budget.parse(max_drop, max_error, prefer),
        transforms=TransformSettings.from_environment(),
    )
    with stages(visible=not as_json) as progress:
        report = compile_model(source, registry=registry, options=options, progress=warning(progress))
    if as_json:
        click.echo(orjson.dumps(report.to_json()))
    else:
        _print(report, registry)


def _print(report: Report, registry: Registry) -> None:
    console = terminal.console()
    console.print(_comparison(report))
    console.print(_parity(report))
    if report.compression:
        console.print(compression.table(report.compression))
        for text in compression.sentences(report.compression):
            console.print(text, soft_wrap=True)
    for output, figures in report.metrics.items():
        console.print(metrics_table(output, {name: Figure(**figure) for name, figure in figures.items()}))
    if report.skipped:
        console.print(f"skipped in the data: {counted(report.skipped, 'row')}")
        print_left_out(console, Evaluated("", "", 0, report.skipped, report.skips))
    for text in report.warnings:
        console.print(f"warning: {text}")
    for text in report.rewrites:
        console.print(f"rewritten: {text}")
    for code in report.trusted:
        console.print(f"trusted: {code}")
    if report.engine == "tensorflow":
        reasons = ", ".join(report.reasons) or "--engine tensorflow"
        console.print(f"engine: TensorFlow, because of: {reasons}")
        console.print(f"without TensorFlow, requests get 503: {installation('tensorflow')}", soft_wrap=True)
    console.print(f"sandbox: {report.sandbox}", soft_wrap=True)
    published = f"{report.name} version {report.version} in {registry.location} ({report.digest[:12]})"
    console.print(f"{published}, engine {report.engine}", soft_wrap=True)
    console.print(f"next: {_next_command(report, registry)}", soft_wrap=True)


def _next_command(report: Report, registry: Registry) -> str:
    """Return a command to paste.

    It is a prediction for one short row of zeros; for other inputs `serve`, or with a local stack, which serves
    already, a prediction for a file.
    """
    where = [] if registry.location == Settings.from_environment().registry else ["--registry", registry.location]
    where += _transforms(report)
    (spec, *others) = report.signatures[0].inputs
    row = [1 if size is None else size for size in spec.row_shape]
    if others or spec.dtype in {"bool", "string"} or math.prod(row) > _MAX_VALUES:
        return command("predict", report.name, "FILE", *where) if has_stack() else command("serve", *where)
    zeros = np.zeros([1, *row] if spec.batched else row, dtype=int).tolist()
    return command("predict", report.name, json.dumps(zeros), *where)


def _transforms(report: Report) -> list[str]:
    """Return the option that allows the model's transform; [] where none is needed."""
    allowed = TransformSettings.from_environment().names
    if not report.transform or report.transform in allowed:
        return []
    return ["--transforms", ",".join((*allowed, report.transform))]


def _comparison(report: Report) -> Table:
    table = Table("", "before", "after", "ratio", caption=f"before: {report.latency.subject}", caption_justify="left")
    before, after = report.sizes.before, report.sizes.after
    table.add_row("size", f"{before:,} bytes", f"{after:,} bytes", _ratio(before, after, "smaller", "larger"))
    slow, fast = report.latency.before, report.latency.after
    table.add_row("one row, median", duration(slow), duration(fast), _ratio(slow, fast, "faster", "slower"))
    for name, seconds in report.latency.others.items():
        if name.endswith("model.predict"):
            table.add_row(
                f"{name}, for comparison", duration(seconds), duration(fast), _ratio(seconds, fast, "faster", "slower")
            )
    table.add_row("memory, loaded and called", "-", f"{report.cost.bytes / 1024**2:,.1f} MiB", "-")
    return table


def _parity(report: Report) -> Table:
    table = Table("signature", "output", "rows", "difference", "relative", "tolerance")
    for entry in report.parity:
        tolerance = f"{entry.atol:.1e} + {entry.rtol:.2%}" if entry.atol or entry.rtol else "exact"
        figures = (str(entry.rows), f"{entry.max_abs:.1e}", f"{entry.max_rel:.1e}", tolerance)
        table.add_row(entry.signature, entry.output, *figures)
    return table


def _ratio(before: float, after: float, better: str, worse: str) -> str:
    if not before or not after:
        return "-"
    factor = before / after
    times, word = (factor, better) if factor >= 1 else (1 / factor, worse)
    return f"{times:,.0f}x {word}" if times >= 100 else f"{times:.3g}x {word}"
