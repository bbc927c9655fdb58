"""Progress of commands that open model files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lightship.cli.output import terminal

_STAGES = {
    "check": "checking the file before it is opened",
    "load": "opening it in a sandbox",
    "describe": "reading names and shapes",
    "record": "recording the original's outputs",
    "convert": "compiling, and comparing with the original",
    "write": "writing the bundle",
    "evaluate": "evaluating it on the data",
    "measure": "measuring",
    "compress": "comparing smaller and faster variants",
    "try": "testing the bundle in a new process",
    "publish": "publishing",
}

_UNCONFINED = (
    "warning: this machine has no sandbox and --no-sandbox was given: code in the model file can read, change and send "
    "everything that you can access"
)


def warning(progress: Callable[[str, float], None]) -> Callable[[str, float], None]:
    """Add a warning on standard error before a file is opened without a sandbox.

    It is printed with --json too.
    """

    def update(stage: str, done: float) -> None:
        if stage == "unconfined":
            click.echo(_UNCONFINED, err=True)
        else:
            progress(stage, done)

    return update


@contextmanager
def stages(*, visible: bool) -> Iterator[Callable[[str, float], None]]:
    """Print one line per stage on standard error; on a terminal, also a progress bar.

    Nothing is printed where not ``visible``.
    """
    console = terminal.console(stderr=True, quiet=not visible)
    if not console.is_terminal:
        yield lambda stage, done: console.print(_STAGES.get(stage, stage))
        return
    columns = (BarColumn(bar_width=20), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=1.0)

        def update(stage: str, done: float) -> None:
            if done:
                bar.console.print(f"  {bar.tasks[task].description}")  # the finished stage stays above the bar
            bar.update(task, description=_STAGES.get(stage, stage), completed=done)

        yield update
