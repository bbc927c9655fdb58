"""``lightship init``: a model.yaml to begin with, from a model file."""

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
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--trust", is_flag=True, help="Open the file although it holds code, which is then run in the sandbox.")
@click.option("--no-sandbox", is_flag=True, help="Read it even if this machine cannot confine what opens the file.")
@json_option
def init_command(
    source: Path, *, output: Path | None, force: bool, trust: bool, no_sandbox: bool, as_json: bool
) -> None:
    """Write a model.yaml to begin with.

    FILE is a .keras, .h5, .hdf5 or .tflite file, or a SavedModel as a folder, .zip or .tar.gz.

    A model file does not say what its numbers mean: that an input is a picture, what a column is called, which class
    an output's column stands for. model.yaml does. This command reads the names, dtypes and shapes of a model's inputs
    and outputs, in the same sandbox as `compile`, and writes them down with suggestions as comments. Nothing is
    compiled, and the file is valid as it is.

    \b
    lightship init digits.keras                          write model.yaml
    lightship compile digits.keras --config model.yaml   use it

    With --json, print what was read instead; a file is then written only where --output names one.
    """
    from lightship.compiler import name_from
    from lightship.compiler.description.describe import describe
    from lightship.compiler.description.starter import starter

    target = output or (None if as_json else Path("model.yaml"))
    if target and target.exists() and not force:
        raise CompileError(f"{target} is there already: give another --output, or --force to write over it")
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
