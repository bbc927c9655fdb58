"""``lightship predict``: a prediction without a server, in the native protocol."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table

from lightship.calls import Prediction
from lightship.cli.arguments.options import (
    header_option,
    json_option,
    model_argument,
    parse_model,
    registry_option,
    transforms_option,
)
from lightship.cli.output.terminal import console, printable, quiet
from lightship.errors import InvalidInput
from lightship.formats import workbooks
from lightship.model import Model
from lightship.protocols import native
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings

_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
_LONGEST_CELL = 200  # characters

_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@click.command("predict")
@model_argument
@click.argument("source", metavar="INPUT", default="-")
@header_option
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    metavar="N",
    help="Rows to print in the table; 0 for all.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the complete response to a file, as JSON.",
)
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
    body, content_type = _read(source)
    if header is not None:
        if content_type != "text/csv":
            raise InvalidInput(f"--header and --no-header require CSV, and INPUT is {content_type}")
        content_type += f"; header={'present' if header else 'absent'}"
    request = Request("POST", "/predict", headers={"content-type": content_type}, body=body)
    with quiet():
        loaded = Model.load(registry.open(name, number), transforms=transforms)
        result = loaded.predict(native.decode_predict(request, loaded.manifest))
    response = native.encode_predict(Prediction(name, number, result)).body
    if output is not None:
        output.write_bytes(response + b"\n")
    if as_json:
        click.echo(response)
    else:
        _print(orjson.loads(response), limit)


def _read(source: str) -> tuple[bytes, str]:
    """Return the input's bytes and media type; JSON becomes ``{"input": value}``."""
    path = Path(source) if len(source) < 1024 and not source.lstrip().startswith(("[", "{")) else None
    if source == "-":
        data = sys.stdin.buffer.read()
        if not data.strip():
            raise InvalidInput("INPUT is missing and standard input is empty: give JSON text or a file")
    elif path is not None and path.is_file():
        data = path.read_bytes()
    elif path is not None and not _is_json(source.encode()):
        raise InvalidInput(f"INPUT is {source!r}: it is neither a file that exists nor JSON")
    else:
        data = source.encode()
    return _with_media_type(data, path.suffix.lower() if path is not None else "")


def _with_media_type(data: bytes, suffix: str) -> tuple[bytes, str]:
    workbooks.check(data, "INPUT")
    for magic, media_type in _MAGIC.items():
        if data.startswith(magic):
            return data, media_type
    if suffix in _MEDIA_TYPES and not _is_json_list(data, suffix):
        return data, _MEDIA_TYPES[suffix]
    if suffix not in {"", ".json"} and not _is_json(data):
        raise InvalidInput(
            f"predict takes JSON, CSV, text, PNG and JPEG files, and INPUT is a {suffix} file: "
            "`lightship batch` scores CSV, JSON Lines and Parquet files"
        )
    if not suffix and data.lstrip()[:1] not in (b"{", b"[", b'"') and not _is_json(data):
        return data, "text/csv"
    return _as_body(data), "application/json"


def _as_body(data: bytes) -> bytes:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data  # the protocol reports the error
    whole = isinstance(value, dict) and ("input" in value or "inputs" in value)
    return data if whole else b'{"input":' + data + b"}"


def _is_json_list(data: bytes, suffix: str) -> bool:
    """Return whether a .txt file holds a JSON object or list, not a text."""
    return suffix == ".txt" and data.lstrip()[:1] in (b"{", b"[") and _is_json(data)


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _print(record: Mapping[str, Any], limit: int) -> None:
    """Print the first ``limit`` rows of a response as a table, 0 for all."""
    screen = console()
    screen.print(f"{record['model']} version {record['version']}", style="bold")
    rows = _rows(record["predictions"])
    classes = record.get("classes")
    ranked = classes if isinstance(classes, list) else None
    table = Table("row", "prediction", *(["class", "probability"] if ranked else []))
    for number, row in enumerate(rows[: limit or None], start=1):
        table.add_row(str(number), _cell(row, whole=not limit), *(_top_class(ranked[number - 1]) if ranked else ()))
    screen.print(table)
    if left_out := max(0, len(rows) - limit) if limit else 0:
        screen.print(f"{left_out:,} more rows: --limit 0 prints all, --json or --output FILE gives them as JSON")


def _top_class(classes: Mapping[str, float]) -> tuple[str, str]:
    """Return a row's most probable class and its probability.

    The response has the classes by descending probability.
    """
    name, probability = next(iter(classes.items()))
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
