"""``lightship predict``: a prediction without a server, in the native protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table

from lightship.calls import Prediction
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
from lightship.cli.output.rankings import ranking_table, rankings_of
from lightship.cli.output.terminal import console, counted, printable
from lightship.engines.quiet import quiet
from lightship.model import Model
from lightship.protocols import native
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings
from lightship.tensors import Signature

_LONGEST_CELL = 200  # characters


@click.command("predict")
@model_argument
@input_argument
@header_option
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    metavar="N",
    help="Rows to print in the table; 0 for all.",
)
@click.option("--output", metavar="FILE", type=OUTPUT_FILE, help="Write the complete response to a file, as JSON.")
@transforms_option
@registry_option
@json_option
def predict_command(
    model: str,
    source: str,
    *,
    header: bool | None,
    limit: int,
    output: Path | None,
    transforms: TransformSettings,
    registry: Registry,
    as_json: bool,
) -> None:
    """Predict without a server.

    INPUT is JSON text, or a JSON, CSV, text, PNG or JPEG file, or - for standard input. A table shows the first rows;
    --json and --output give all of them.

    \b
    lightship predict quickstart '[1.0, 2.0, 3.0]'
    lightship predict quickstart measurements.csv
    lightship predict digits seven.png --json
    cat body.json | lightship predict quickstart
    """
    name, version = parse_model(model)
    number = registry.resolve(name, version)
    request = read_request(source, header=header)
    with quiet():
        loaded = Model.load(registry.open(name, number), transforms=transforms)
        result = loaded.predict(native.decode_predict(request, loaded.manifest))
    response = native.encode_predict(Prediction(name, number, result)).body
    if output is not None:
        output.write_bytes(response + b"\n")
    if as_json:
        click.echo(response)
    else:
        _print(orjson.loads(response), result.signature, limit)


def _print(record: Mapping[str, Any], signature: Signature, limit: int) -> None:
    """Print the first ``limit`` rows of a response as tables, 0 for all."""
    screen = console()
    screen.print(f"{record['model']} version {record['version']}", style="bold")
    predictions = record["predictions"]
    rankings = rankings_of(signature, predictions)
    for spec in rankings:
        screen.print(ranking_table(predictions, spec, limit or None))
    ranked = {name for names in rankings.values() for name in names}
    if not rankings or predictions.keys() - ranked:
        rest = {name: values for name, values in predictions.items() if name not in ranked} if rankings else predictions
        screen.print(_table({**record, "predictions": rest}, limit))
    if left_out := max(0, len(_rows(predictions)) - limit) if limit else 0:
        screen.print(
            f"{counted(left_out, 'more row')}: --limit 0 prints all, --json or --output FILE gives them as JSON"
        )


def _table(record: Mapping[str, Any], limit: int) -> Table:
    """Return a line for each of the first ``limit`` rows, 0 for all."""
    boxes = record.get("boxes")
    rows = boxes if isinstance(boxes, list) else _rows(record["predictions"])
    columns, more = _summaries(record)
    table = Table("row", "prediction", *columns)
    for number, row in enumerate(rows[: limit or None], start=1):
        table.add_row(str(number), _cell(row, whole=not limit), *(more[number - 1] if more else ()))
    return table


def _summaries(record: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return columns and their cells by row for an output with classes or boxes."""
    classes, boxes = record.get("classes"), record.get("boxes")
    if isinstance(classes, list):
        return ("class", "probability"), [_top_class(row) for row in classes]
    if isinstance(boxes, list):
        return ("boxes", "best score"), [_best_box(row) for row in boxes]
    return (), ()


def _best_box(boxes: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the number of boxes and the highest score, a dash without a box."""
    return str(len(boxes)), f"{max(box['score'] for box in boxes):.4f}" if boxes else "-"


def _top_class(classes: Mapping[str, float | None]) -> tuple[str, str]:
    """Return a row's most probable class and its probability, dashes for NaN.

    The response has the classes by descending probability, NaN (null) last.
    """
    name, probability = next(iter(classes.items()))
    if probability is None:
        return "-", "-"
    return printable(name), f"{probability:.4f}"


def _rows(predictions: Any) -> list[Any]:
    """Return predictions by row; with several outputs, each row's values by output.

    Outputs without rows count as one row.
    """
    if isinstance(predictions, list):
        return predictions
    columns = predictions.values() if isinstance(predictions, dict) else ()
    if columns and all(isinstance(column, list) for column in columns) and len(set(map(len, columns))) == 1:
        return [dict(zip(predictions, values, strict=True)) for values in zip(*columns, strict=True)]
    return [predictions]


def _cell(value: Any, *, whole: bool) -> str:
    text = printable(orjson.dumps(value).decode())
    return text if whole or len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"
