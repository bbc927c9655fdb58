"""``lightship up``: the whole stack on this machine."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.panel import Panel

from lightship.app.endpoint import Endpoint
from lightship.app.extended import Factory
from lightship.app.server import Server
from lightship.calls import ModelState
from lightship.cli.arguments.options import app_option, existing, transforms_option
from lightship.cli.output import terminal
from lightship.cli.output.terminal import STACK_FILE, interruptible, stack_command
from lightship.cli.serve import (
    access_log_option,
    check_default,
    curl,
    default_option,
    port_option,
    settings_of,
    welcome,
)
from lightship.errors import SettingError
from lightship.extras import require
from lightship.jobs import cloud
from lightship.local.functions import logs
from lightship.local.mirror import mirror, split_uri
from lightship.local.stack import Stack
from lightship.local.template.parts import FunctionSpec
from lightship.registry.registry import Registry
from lightship.settings import Settings, TransformSettings

# Variables that the template sets for a Lambda function's memory and image.
_SIZES = {"LIGHTSHIP_DEFAULT_MODEL", "LIGHTSHIP_MEMORY_MB", "LIGHTSHIP_CACHE_MB"}
# The template's authorizer does not run here.
_SIGN_IN = "LIGHTSHIP_SIGN_IN"


def _parameters(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    parameters = {}
    for text in values:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise click.BadParameter(f"{text!r}: write NAME=VALUE")
        parameters[name] = value
    return parameters


@click.command("up")
@port_option
@click.option(
    "--aws-port", type=click.IntRange(0, 65535), help="Port of S3, SQS and the other services.  [default: PORT+1]"
)
@default_option
@click.option(
    "--registry",
    metavar="URI",
    help="Registry to copy into the bucket.  [default: $LIGHTSHIP_REGISTRY, or ./models]",
)
@click.option(
    "--template",
    default="template.yaml",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Template that defines buckets, queues and functions.",
)
@click.option(
    "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", callback=_parameters, help="Template parameter."
)
@click.option(
    "--redeliver",
    default=5,
    show_default=True,
    type=click.IntRange(0, 43200),
    metavar="SECONDS",
    help="Delay before a failed message is delivered again. On AWS it is the queue's visibility timeout.",
)
@access_log_option
@app_option
@transforms_option
def up_command(
    port: int,
    aws_port: int | None,
    default_model: str | None,
    registry: str | None,
    template: Path,
    parameters: Mapping[str, str],
    redeliver: int,
    access_log: bool,
    factory: Factory | None,
    transforms: TransformSettings,
) -> None:
    """Run the whole stack on this machine.

    Runs the API with its web page, and the functions of the template, with emulated S3, EventBridge, SQS and DynamoDB.
    Needs no Docker and no AWS account. The models of the registry are copied into the bucket; the contents of the
    bucket, the queues and the table are deleted at the end. Commands in other terminals find the stack by
    .lightship.env, which is in this folder while it runs. Schedules do not start by time: use `lightship schedule run`.
    """
    require("local", "lightship up")
    console = terminal.console()
    stack = Stack(
        template,
        overrides={"Registry": "bucket", **_of_transforms(transforms), **parameters},
        port=(port and port + 1) if aws_port is None else aws_port,
        redeliver=redeliver,
        on_failure=lambda function, sentence: console.print(
            f"{function}: {sentence} (see {stack.folder / function}.log)", soft_wrap=True
        ),
    )
    with contextlib.suppress(KeyboardInterrupt), interruptible(), stack, _stack_file(stack):
        location = _api(stack).environment.get("LIGHTSHIP_REGISTRY", "")
        source = _source(registry, location)
        check_default(default_model, source)
        copied = mirror(source, stack.cloud.client("s3"), location)
        os.environ.update(_variables(stack))
        copies = Registry(location)
        copies.index.rebuild(copies.names)
        settings = settings_of(default_model, access_log=access_log)
        jobs = partial(cloud.from_environment, os.environ)
        settings = settings._replace(registry=location, transforms=transforms)
        server = Server(settings, Endpoint("127.0.0.1", port), jobs=jobs, factory=factory)
        versions = f"{copied} versions of {source.location} were copied into the bucket."
        server.run(partial(_announce, stack, server, console, versions), grace=1)


def _announce(stack: Stack, server: Server, console: Console, copied: str, states: tuple[ModelState, ...]) -> None:
    console.print(Panel(_screen(stack, server, states, copied), title="Lightship", expand=False))
    for line in _commands(stack, server, states):
        console.print(line, soft_wrap=True)  # outside the panel: lines to copy


def _of_transforms(transforms: TransformSettings) -> dict[str, str]:
    """Return the template's parameter for transforms; a template needs it only then."""
    return {"Transforms": ",".join(transforms.names)} if transforms.names else {}


def _variables(stack: Stack) -> dict[str, str]:
    """Return the environment of the API's function, adapted to this process."""
    variables = {
        name: value
        for name, value in _api(stack).environment.items()
        if name not in _SIZES and not name.startswith(_SIGN_IN)
    }
    return {**variables, **stack.environment, "LIGHTSHIP_CACHE": str(stack.folder / "cache")}


def _source(option: str | None, own_location: str) -> Registry:
    """Return the registry to copy, by option, environment or default.

    The stack's own bucket, which .lightship.env may have set in this terminal, is skipped: it is still empty.
    """
    location = option or Settings.from_environment().registry
    return existing(location if location != own_location else Settings().registry)


def _api(stack: Stack) -> FunctionSpec:
    if stack.wiring.api is None:
        raise SettingError("the template has no function with an HttpApi event: there is no API to serve")
    return stack.wiring.api


def _screen(stack: Stack, server: Server, states: tuple[ModelState, ...], copied: str) -> str:
    queued = ", ".join(sorted({mapping.function for mapping in stack.wiring.mappings})) or "none yet"
    return "\n".join(
        [
            welcome(server, states),
            "",
            f"S3, SQS, EventBridge and DynamoDB: {stack.cloud.endpoint}",
            f"functions behind queues: {queued}",
            f"their logs, deleted at the end: {stack.folder}",
            copied,
            "Ctrl-C stops the stack and deletes the contents of bucket, queues and table.",
        ]
    )


def _commands(stack: Stack, server: Server, states: tuple[ModelState, ...]) -> list[str]:
    """Return commands to paste into another terminal."""
    bucket, _ = split_uri(_api(stack).environment.get("LIGHTSHIP_REGISTRY", ""))
    return [
        curl(server, states),
        f"{stack_command('compile', 'FILE')}   # a model, served here when it is published",
        f"{stack_command('batch', 'NAME', 'FILE')}   # a file of rows, scored by NAME",
        *(
            f"{stack_command('schedule', 'run', each.name)}   # schedules do not start by time here"
            for each in stack.wiring.schedules.values()
        ),
        f"curl -T FILE {stack.cloud.endpoint}/{bucket}/KEY   # into the bucket",
        f"curl -u local:local {stack.cloud.endpoint}/{bucket}/KEY   # out of it",
    ]


@contextmanager
def _stack_file(stack: Stack) -> Iterator[None]:
    """Write the variables of this stack to ``.lightship.env`` while it runs.

    Of several stacks the newest owns the file.
    """
    environments = [*(function.environment for function in stack.wiring.functions.values()), stack.wiring.environment]
    names = {name: value for variables in environments for name, value in variables.items() if name not in _SIZES}
    every = {**names, **stack.environment, logs.VARIABLE: str(stack.folder)}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(every.items())]
    text = "".join(lines)
    STACK_FILE.write_text(text)
    try:
        yield
    finally:
        if STACK_FILE.is_file() and STACK_FILE.read_text() == text:
            STACK_FILE.unlink()
