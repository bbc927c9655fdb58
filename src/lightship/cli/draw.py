"""``lightship draw``: a decision tree or coefficients as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from lightship.cli.arguments.options import OUTPUT_FILE, model_argument, parse_model, registry_option
from lightship.cli.output.terminal import console
from lightship.errors import InvalidInput
from lightship.registry.registry import Registry


@click.command("draw")
@model_argument
@click.option("--output", metavar="FILE", type=OUTPUT_FILE, help="The picture, .svg or .png.  [default: NAME.svg]")
@click.option("--tree", type=click.IntRange(0), metavar="N", help="The number of one of several trees.  [default: 0]")
@click.option("--target", metavar="CLASS", help="Class name or index whose coefficients are drawn.")
@registry_option
def draw_command(model: str, *, output: Path | None, tree: int | None, target: str | None, registry: Registry) -> None:
    """Draw a decision tree, or the coefficients of a linear model.

    Conditions have the names and units of the model's own columns.

    \b
    lightship draw flowers --output tree.svg
    lightship draw forest --tree 7
    """
    from lightship.cli.output import charts  # imported here: other commands need neither Pillow nor explanations
    from lightship.explain.attribution import Unexplained
    from lightship.explain.exact.figure import figure_of

    name, version = parse_model(model)
    number = registry.resolve(name, version)
    path = output or Path(f"{name}.svg")
    charts.check(path)
    try:
        chart = figure_of(registry.open(name, number), f"{name} version {number}", tree=tree, target=target)
    except Unexplained:  # its reason is of the compiled graph, which the user does not know
        raise InvalidInput(
            f"{name} version {number} cannot be drawn: it is no decision tree or linear model with exact explanations"
        ) from None
    charts.write(path, chart)
    console().print(f"{path}: {chart.title}", markup=False, highlight=False)
