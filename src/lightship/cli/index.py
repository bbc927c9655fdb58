"""``lightship index``: the index of a registry in S3."""

from __future__ import annotations

import click

from lightship.cli.arguments.options import registry_option
from lightship.registry.registry import Registry


@click.command("index")
@registry_option
def index_command(registry: Registry) -> None:
    """Write the index of a registry in S3 again.

    Needed after objects were copied, restored or deleted by hand, and after a command of Lightship 0.2.0 or earlier.
    Other commands and servers may run meanwhile. It also completes changes that were interrupted.
    """
    if not registry.index.is_kept:
        return click.echo(f"{registry.location}: a folder needs no index")
    count = registry.index.rebuild(registry.names)
    return click.echo(f"{registry.location}: {count} {'model is' if count == 1 else 'models are'} in the index")
