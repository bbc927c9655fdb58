"""``lightship push`` and ``pull``: copies of versions between registries."""

from __future__ import annotations

from typing import Any

import click

from lightship.cli.arguments.options import (
    existing,
    model_argument,
    new_registry_option,
    parse_model,
    registry_at,
    registry_option,
)
from lightship.errors import BundleError, UnreadableFile
from lightship.registry.registry import Registry


@click.command("push")
@model_argument
@click.argument("target", metavar="URI")
@registry_option
def push_command(model: str, target: str, registry: Registry) -> None:
    """Copy a version to another registry, as its next version.

    URI is a folder, or s3://bucket/prefix.

    \b
    lightship push churn s3://my-models/prod
    """
    _copy(model, registry, registry_at(target))


@click.command("pull")
@model_argument
@click.argument("source", metavar="URI")
@new_registry_option
def pull_command(model: str, source: str, registry: Registry) -> None:
    """Copy a version from another registry, as the next version here.

    URI is a folder, or s3://bucket/prefix.
    """
    _copy(model, existing(source), registry)


def _copy(model: str, source: Registry, target: Registry) -> None:
    name, version = parse_model(model)
    found = source.resolve(name, version)
    bundle = source.open(name, found)
    measured = _measurements(source, name, found)
    with target.staging() as staged:
        number = target.publish(name, bundle.copy(staged))
    if measured:
        target.write_measurements(name, number, measured)
    click.echo(f"{name} version {number} in {target.location} ({bundle.digest[:12]})")


def _measurements(source: Registry, name: str, version: int) -> dict[str, Any]:
    """Return a version's measurements; warn about invalid ones, and leave them out."""
    try:
        return source.measurements(name, version)
    except (BundleError, UnreadableFile) as error:
        click.echo(f"warning: {error.message}: the version is copied without measurements", err=True)
        return {}
