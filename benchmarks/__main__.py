"""Command line of the benchmarks, which writes tables to ``docs/benchmarks/``."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import (
    batching,
    compiling,
    cores,
    images,
    lambdas,
    machine,
    peers,
    protocols,
    registries,
    report,
    servers,
    storage,
    workers,
)
from benchmarks.applications import part as applications
from benchmarks.cold import part as cold
from benchmarks.compression import part as compression
from benchmarks.evaluation import part as evaluation
from benchmarks.examples import ROOT, Example, predict_examples
from benchmarks.explain import part as explain
from benchmarks.jobs import part as jobs
from benchmarks.preprocessing import part as preprocessing
from benchmarks.runtime_api import RuntimeFailedError
from benchmarks.stacks import MODEL_NAME, Stack, in_bucket, lightship, stacks, under_uvicorn
from benchmarks.tables import tables
from benchmarks.trees import part as trees
from benchmarks.web import part as web
from lightship.errors import LightshipError

PARTS = (
    *("lambda", "server", "asgi", "peers", "workers", "protocols", "batching", "registry", "jobs"),
    *("compile", "evaluation", "explain", "trees", "preprocessing", "compression", "web", "image", "cold", "examples"),
)

_QUIET = 0.3


@click.command()
@click.option("--quick", is_flag=True, help="Few repetitions, to try the benchmarks; the figures are not reliable.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="One part; may be repeated.")
@click.option(
    "--registry", type=click.Path(path_type=Path), default=ROOT / "models", help="Compiled models.  [default: ./models]"
)
@click.option(
    "--keras",
    "keras_model",
    type=click.Path(path_type=Path),
    default=ROOT / "build" / "examples" / f"{MODEL_NAME}.keras",
    help="The original Keras model.  [default: the one of `make models`]",
)
def main(quick: bool, parts: tuple[str, ...], registry: Path, keras_model: Path) -> None:
    """Measure Lightship and other ways to serve the same model.

    Writes docs/benchmarks/results.json and the tables of the pages; parts that are not measured keep their figures.
    Each part is written when it is measured. With --quick, writes build/benchmarks instead.
    """
    registry, keras_model = registry.resolve(), keras_model.resolve()
    if not keras_model.is_file() or not (registry / MODEL_NAME).is_dir():
        raise click.ClickException(f"{keras_model} or {registry / MODEL_NAME} does not exist: run `make models` first")
    console = Console()
    folder = ROOT / "build" / "benchmarks" if quick else report.FOLDER
    kept, results = {} if quick else report.load(), dict[str, Any]()
    try:
        for part, figures in _measured(console, parts, registry, keras_model, quick):
            results[part] = figures
            report.write({**kept, **results}, folder)
    except (RuntimeFailedError, RuntimeError, AssertionError, LightshipError, subprocess.TimeoutExpired) as error:
        raise click.ClickException(str(error)) from error
    for table in tables(results):
        console.print(table.to_rich())
    console.print(f"written to {folder.relative_to(ROOT)}")


def command(parts: Sequence[str], *, quick: bool) -> str:
    """Return the command of these parts; paths of this machine are not in it."""
    return " ".join(["python -m benchmarks", *["--quick"] * quick, *(f"--part {part}" for part in parts)])


def _measured(
    console: Console, parts: Sequence[str], registry: Path, keras_model: Path, quick: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each part and its figures; no parts are all of them."""
    run = {
        "command": command(parts, quick=quick),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
    }
    busy = machine.load_average()
    if busy > _QUIET:
        console.print(
            f"[yellow]this machine is busy (load average {busy}): other processes will distort the figures[/yellow]"
        )
    cores.pin_self()
    definitions = _parts(registry, keras_model, quick)
    measured = parts or PARTS
    with _progress(console) as progress:
        task = progress.add_task("predictions of the original model", total=None)
        progress.refresh()
        examples = predict_examples(keras_model)
        progress.update(task, total=sum(definitions[part].steps for part in measured))

        def step(text: str) -> None:
            progress.update(task, description=text, advance=1, refresh=True)

        for part in measured:
            yield part, {"run": run, **definitions[part].measure(examples, step)}


Step = Callable[[str], None]


@dataclass(frozen=True)
class _Part:
    """A part of the benchmarks: number of progress steps and measuring function."""

    steps: int
    measure: Callable[[Sequence[Example], Step], dict[str, Any]]


def _parts(registry: Path, keras_model: Path, quick: bool) -> dict[str, _Part]:
    compared = stacks(registry, keras_model)
    ours = [lightship(registry), under_uvicorn(registry)]
    invoked = lambdas.QUICK if quick else lambdas.FULL
    served = servers.QUICK if quick else servers.FULL
    beside = peers.QUICK if quick else peers.FULL
    calls = protocols.QUICK if quick else protocols.FULL
    batches = batching.QUICK if quick else batching.FULL
    checked = registries.QUICK if quick else registries.FULL
    compressed = compression.QUICK if quick else compression.FULL
    scored = jobs.QUICK if quick else jobs.FULL
    spread = workers.QUICK if quick else workers.FULL
    loads = web.QUICK if quick else web.FULL
    return {
        "lambda": _Part(
            lambdas.steps([*compared, ours[0]], invoked),
            lambda rows, step: _with_bucket(registry, compared, rows, invoked, step),
        ),
        "server": _Part(
            servers.steps(compared, served), lambda rows, step: servers.measure(compared, rows, served, step)
        ),
        "asgi": _Part(servers.steps(ours, served), lambda rows, step: servers.measure(ours, rows, served, step)),
        "peers": _Part(
            peers.steps(beside), lambda rows, step: peers.measure(registry, keras_model, rows, beside, step)
        ),
        "workers": _Part(workers.steps(spread), lambda _, step: workers.measure(spread, step)),
        "protocols": _Part(protocols.steps(), lambda _, step: protocols.measure(registry, calls, step)),
        "batching": _Part(batching.steps(), lambda _, step: batching.measure(batches, step)),
        "registry": _Part(registries.steps(checked), lambda _, step: registries.measure(registry, checked, step)),
        "jobs": _Part(jobs.steps(scored), lambda rows, step: jobs.measure(keras_model.parent, rows, scored, step)),
        "compile": _Part(compiling.steps(), lambda _, step: compiling.measure(step)),
        "evaluation": _Part(
            evaluation.steps(),
            lambda _, step: evaluation.measure(registry, evaluation.QUICK if quick else evaluation.FULL, step),
        ),
        "explain": _Part(
            explain.steps(),
            lambda _, step: explain.measure(registry, keras_model, explain.QUICK if quick else explain.FULL, step),
        ),
        "trees": _Part(trees.steps(), lambda _, step: trees.measure(trees.QUICK if quick else trees.FULL, step)),
        "preprocessing": _Part(
            preprocessing.steps(),
            lambda _, step: preprocessing.measure(preprocessing.QUICK if quick else preprocessing.FULL, step),
        ),
        "compression": _Part(compression.steps(compressed), lambda _, step: compression.measure(compressed, step)),
        "web": _Part(web.steps(loads), lambda rows, step: web.measure(registry, keras_model, rows, loads, step)),
        "image": _Part(images.steps(), lambda _, step: images.measure(keras_model, step, build=not quick)),
        "cold": _Part(cold.steps(), lambda rows, step: cold.measure(registry, keras_model, rows[0], step)),
        "examples": _Part(applications.steps(invoked), lambda _, step: applications.measure(registry, invoked, step)),
    }


def _with_bucket(
    registry: Path, compared: Sequence[Stack], rows: Sequence[Example], plan: lambdas.Plan, step: Step
) -> dict[str, Any]:
    with storage.s3() as variables:
        bucket = in_bucket(storage.fill(registry, variables), variables)
        return lambdas.measure([*compared, bucket], rows, plan, step)


def _progress(console: Console) -> Progress:
    # Redrawn only at each step: a background thread would take processor time from the measured processes.
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, auto_refresh=False, transient=True)


if __name__ == "__main__":
    main()
