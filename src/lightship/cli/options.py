"""Options that several commands share."""

from __future__ import annotations

import click

from lightship.registry import Registry
from lightship.settings import Settings


def _registry(_: click.Context, __: click.Parameter, value: str | None) -> Registry:
    return Registry(value or Settings.from_environment().registry)


registry_option = click.option(
    "--registry",
    metavar="URI",
    callback=_registry,
    help="Folder with the models.  [default: $LIGHTSHIP_REGISTRY, or ./models]",
)
header_option = click.option(
    "--header/--no-header", default=None, help="Whether a CSV's first row names the columns.  [default: found out]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


def parse_model(text: str) -> tuple[str, int | None]:
    """``name`` or ``name@version``; raises click.BadParameter."""
    name, at, version = text.partition("@")
    if at and not (version.isascii() and version.isdecimal()):
        raise click.BadParameter(f"{text!r}: write NAME or NAME@VERSION, the version as a number")
    return name, int(version) if at else None
