"""``lightship explain``: explanations of predictions without a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from lightship.calls import Call, Explained, Prediction
from lightship.cli.arguments.options import (
    OUTPUT_FILE,
    header_option,
    input_argument,
    json_option,
    model_argument,
    parse_model,
    registry_option,
    transforms_option,
)
from lightship.cli.arguments.request import read_request
from lightship.cli.output import attributions
from lightship.cli.output.terminal import console, counted
from lightship.engines.quiet import quiet
from lightship.inputs import kind_of
from lightship.model import Model
from lightship.protocols import native
from lightship.registry.registry import Registry
from lightship.settings import Settings, TransformSettings
from lightship.tensors import Signature, validate

_LIMIT = 3  # rows that are explained on a terminal


@click.command("explain")
@model_argument
@input_argument
@click.option(
    "--target", metavar="CLASS", help="Class name or index to explain.  [default: each row's likeliest class]"
)
@header_option
@click.option(
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    help="Rows to explain, the first ones; 0 for all.  [default: 3; all with --json; the only one with --output]",
)
@click.option(
    "--output", metavar="FILE", type=OUTPUT_FILE, help="Draw the explanation of one row to a .svg or .png file."
)
@transforms_option
@registry_option
@json_option
def explain_command(
    model: str,
    source: str,
    *,
    target: str | None,
    header: bool | None,
    limit: int | None,
    output: Path | None,
    transforms: TransformSettings,
    registry: Registry,
    as_json: bool,
) -> None:
    """Explain predictions by their columns, patches or words.

    Prints how much each contributed. INPUT is as for predict. The method depends on the model; its name and the
    estimate of its error are printed.

    \b
    lightship explain quickstart '[14.1, 19.3, 0.09]'
    lightship explain quickstart measurements.csv --target benign
    lightship explain quickstart '[14.1, 19.3, 0.09]' --output chart.svg
    lightship explain digits seven.png --output chart.png
    """
    from lightship.cli.output import charts  # imported here: other commands need neither LiteRT nor Pillow
    from lightship.explain import explain

    name, version = parse_model(model)
    number = registry.resolve(name, version)
    if output is not None:
        charts.check(output)
    request = read_request(source, header=header)
    with quiet():
        loaded = Model.load(registry.open(name, number), transforms=transforms)
        call = native.decode_explain(request, loaded.manifest)
        signature = loaded.manifest.signature(call.signature)
        count = _rows(call, signature)
        if limit is None:
            limit = 0 if as_json or output is not None else _LIMIT
        first = _first(call, signature, limit or count)
        wanted = target if target is not None else call.parameters["target"]
        result, rows = explain(loaded, first, wanted, limits=Settings.from_environment().explain)
    explained = Explained(Prediction(name, number, result), rows)
    if output is not None:
        charts.draw(output, explained, _cells(first, explained.prediction, 0))
    if as_json:
        return click.echo(native.encode_explain(explained).body)
    _print(explained)
    if count > len(rows):
        console().print(f"{counted(count - len(rows), 'more row')}: --limit 0 explains all, --json gives them as JSON")
    return None


def _rows(call: Call, signature: Signature) -> int:
    """Return the number of rows; raises InvalidInput for other inputs."""
    validate(call.inputs, signature.inputs)
    return next((len(call.inputs[spec.name]) for spec in signature.inputs if spec.batched), 1)


def _first(call: Call, signature: Signature, limit: int) -> Call:
    """Return a call of the first rows."""
    batched = {spec.name for spec in signature.inputs if spec.batched}
    inputs = {name: array[:limit] if name in batched else array for name, array in call.inputs.items()}
    return replace(call, inputs=inputs)


def _print(explained: Explained) -> None:
    screen = console()
    prediction, rows = explained
    for number, row in enumerate(rows, start=1):
        title = f"{prediction.model} version {prediction.version}, row {number}: {attributions.number_of(row)}"
        cells = _cells(prediction.result.call, prediction, number - 1)
        attributions.show(screen, title, row, cells)


def _cells(call: Call, prediction: Prediction, index: int) -> Sequence[object]:
    """Return the cells of a row of columns, in the order of the attributions."""
    found: list[object] = []
    for spec in prediction.result.signature.inputs:
        array, kind = call.inputs[spec.name], kind_of(spec)
        if kind.column_features(spec) is not None:
            found += kind.example_cells(array[index : index + 1] if spec.batched else array, spec)
    return found
