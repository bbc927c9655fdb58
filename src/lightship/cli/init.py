"""``lightship init``: writes a starting model.yaml for a model file."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from lightship.cli.arguments.options import json_option
from lightship.cli.output.stages import stages, warning
from lightship.cli.output.terminal import command, printable
from lightship.errors import CompileError


@click.command("init")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--output", metavar="FILE", type=click.Path(path_type=Path), help="Where to write.  [default: model.yaml]"
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--trust", is_flag=True, help="Open the file even if it holds code, which then runs in the sandbox.")
@click.option(
    "--no-sandbox", is_flag=True, help="Read it even if this machine cannot sandbox the process that opens the file."
)
@json_option
def init_command(
    source: Path, *, output: Path | None, force: bool, trust: bool, no_sandbox: bool, as_json: bool
) -> None:
    """Write a starting model.yaml for a model file.

    FILE is a .keras, .h5 or .hdf5 file of Keras, a .skops file of scikit-learn, a .ubj or .json file of XGBoost, a
    .txt file of LightGBM, a .tflite file, or a SavedModel as a folder, .zip or .tar.gz.

    A model.yaml adds what a model file lacks: which inputs are images, names of columns, names of classes. This command
    reads the names, dtypes and shapes of a model's inputs and outputs, in the same sandbox as `compile`, and writes
    them with suggestions as comments. Nothing is compiled, and the file is valid without changes.

    \b
    lightship init digits.keras                          write model.yaml
    lightship compile digits.keras --config model.yaml   use it

    With --json, print the result instead; a file is then written only to --output.
    """
    from lightship.compiler import name_from
    from lightship.compiler.description.describe import describe
    from lightship.compiler.description.starter import starter

    target = output or (None if as_json else Path("model.yaml"))
    if target and target.exists() and not force:
        raise CompileError(f"{target} already exists: give another --output, or --force to overwrite it")
    with stages(visible=not as_json) as progress:
        description = describe(source, trust=trust, sandbox=not no_sandbox, progress=warning(progress))
    if target:
        _write(target, starter(name_from(source), source.name, description), force=force)
    if as_json:
        click.echo(orjson.dumps(description.to_json()))
        return
    for note in description.notes:
        click.echo(f"note: {printable(note)}")
    click.echo(f"wrote {target}: edit it, then")
    click.echo(f"next: {command('compile', str(source), '--config', str(target))}")


def _write(target: Path, text: str, *, force: bool) -> None:
    try:
        with target.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CompileError(f"cannot write {target}: {error.strerror}") from None
