"""Options and arguments shared by several commands."""

from __future__ import annotations

import os
from pathlib import Path

import click

from lightship.app.extended import Factory
from lightship.cli.arguments import completion
from lightship.errors import SettingError
from lightship.registry.registry import Registry
from lightship.settings import Settings, TransformSettings

_REGISTRY_HELP = "Folder with the models, or s3://bucket/prefix.  [default: $LIGHTSHIP_REGISTRY, or ./models]"


def existing(location: str) -> Registry:
    """Return the registry at a location.

    Raises SettingError for a folder that does not exist, unless it is the default one.
    """
    folder = "://" not in location
    if folder and location != Settings().registry and not Path(location).exists():
        raise SettingError(f"there is no folder {location}: --registry, or LIGHTSHIP_REGISTRY, must name a registry")
    return registry_at(location)


def registry_at(location: str) -> Registry:
    """Return the registry at any location; raises SettingError for a file."""
    if "://" not in location and Path(location).exists() and not Path(location).is_dir():
        raise SettingError(f"{location} is not a folder: --registry, or LIGHTSHIP_REGISTRY, must name a registry")
    return Registry(location, cache=Settings.from_environment().cache)


def _existing_registry(_: click.Context, __: click.Parameter, value: str | None) -> Registry:
    return existing(value or Settings.from_environment().registry)


def _any_registry(_: click.Context, __: click.Parameter, value: str | None) -> Registry:
    return registry_at(value or Settings.from_environment().registry)


def _transforms(_: click.Context, __: click.Parameter, value: str | None) -> TransformSettings:
    """Return the environment's settings, with the names of the option if it is given."""
    names = {} if value is None else {"LIGHTSHIP_TRANSFORMS": value}
    return TransformSettings.from_environment({**os.environ, **names})


def _factory(_: click.Context, __: click.Parameter, value: str | None) -> Factory | None:
    if not value:
        return None
    factory = Factory(value)
    factory.find()
    return factory


app_option = click.option(
    "--app",
    "factory",
    metavar="MODULE:FUNCTION",
    callback=_factory,
    help="Your own function that extends create_app(), see docs/extend.md.",
)
transforms_option = click.option(
    "--transforms",
    metavar="NAME,…",
    callback=_transforms,
    help="Your own transforms that models may use.  [default: $LIGHTSHIP_TRANSFORMS]",
)
registry_option = click.option("--registry", metavar="URI", callback=_existing_registry, help=_REGISTRY_HELP)
new_registry_option = click.option(
    "--registry", metavar="URI", callback=_any_registry, help=f"{_REGISTRY_HELP}  It is created if it does not exist."
)
# A file that a command writes.
OUTPUT_FILE = click.Path(dir_okay=False, path_type=Path)

model_argument = click.argument("model", metavar="NAME[@VERSION]", shell_complete=completion.models_and_versions)
name_argument = click.argument("name", metavar="NAME", shell_complete=completion.models)
input_argument = click.argument("source", metavar="INPUT", default="-")
header_option = click.option(
    "--header/--no-header", default=None, help="Whether a CSV's first row is a header.  [default: detected]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def parse_model(text: str) -> tuple[str, int | None]:
    """Parse ``name`` or ``name@version``; raises click.BadParameter."""
    name, at, version = text.partition("@")
    if at and not (version.isascii() and version.isdecimal()):
        raise click.BadParameter(f"{text!r}: write NAME or NAME@VERSION, the version as a number")
    return name, int(version) if at else None
