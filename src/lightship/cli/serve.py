"""``lightship serve``, with parts shared by ``lightship up``."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from functools import partial

import click
from rich.panel import Panel

from lightship.app.endpoint import Endpoint
from lightship.app.extended import Factory
from lightship.app.server import Server
from lightship.app.workers import Workers
from lightship.calls import ModelState
from lightship.cli.arguments import completion
from lightship.cli.arguments.options import app_option, registry_option, transforms_option
from lightship.cli.output import terminal
from lightship.cli.output.terminal import interruptible
from lightship.errors import SettingError
from lightship.jobs import cloud
from lightship.registry.registry import Registry
from lightship.settings import Settings, TransformSettings

_host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port_option = click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
default_option = click.option(
    "--default",
    "default_model",
    metavar="NAME",
    help="Model of POST /predict.  [default: the only one]",
    shell_complete=completion.models,
)
_workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes on the port.  [default: $LIGHTSHIP_WORKERS, or 1]",
)
_anonymous_option = click.option(
    "--allow-anonymous",
    is_flag=True,
    help="Serve anonymous callers from other machines when LIGHTSHIP_TOKEN is not set.",
)
access_log_option = click.option(
    "--access-log", is_flag=True, help="Write one JSON line per request to standard output."
)


@click.command("serve")
@_host_option
@port_option
@_workers_option
@default_option
@_anonymous_option
@access_log_option
@app_option
@transforms_option
@registry_option
def serve_command(
    host: str,
    port: int,
    workers: int | None,
    default_model: str | None,
    allow_anonymous: bool,
    access_log: bool,
    factory: Factory | None,
    transforms: TransformSettings,
    registry: Registry,
) -> None:
    """Serve a registry's models over HTTP, and a page to try them.

    Other addresses than loopback require LIGHTSHIP_TOKEN, a bearer token that every request must carry, or
    --allow-anonymous.

    One process runs Python on one core. --workers 2 uses two, for twice the memory: it pays for models that take less
    than a millisecond. Slower models use several cores by LIGHTSHIP_THREADS. Batches and caches are per process.
    """
    settings = settings_of(default_model, allow_anonymous=allow_anonymous, access_log=access_log)
    settings = settings._replace(workers=workers or settings.workers, registry=registry.location, transforms=transforms)
    _check_host(host, settings)
    check_default(default_model or settings.default_model, registry)
    with interruptible(), contextlib.suppress(KeyboardInterrupt):
        server = _server(settings, Endpoint(host, port), factory)
        server.run(partial(_announce, server))


def _server(settings: Settings, endpoint: Endpoint, factory: Factory | None) -> Server | Workers:
    if settings.workers > 1:
        return Workers(settings, endpoint, factory=factory)
    return Server(settings, endpoint, jobs=partial(cloud.from_environment, os.environ), factory=factory)


def settings_of(default_model: str | None, *, allow_anonymous: bool = False, access_log: bool = False) -> Settings:
    """Return the environment's settings, overridden by options."""
    settings = Settings.from_environment()
    return settings._replace(
        default_model=default_model or settings.default_model,
        allow_anonymous=allow_anonymous or settings.allow_anonymous,
        access_log=access_log or settings.access_log,
    )


def check_default(name: str | None, registry: Registry) -> None:
    """Raise SettingError where the registry has models, but not this one.

    In an empty registry any name is accepted: the model may be published later.
    """
    if name and name not in (names := registry.names()) and names:
        raise SettingError(
            f"--default or LIGHTSHIP_DEFAULT_MODEL is '{name[:80]}', and {registry.location} has no such model: "
            f"{', '.join(names)}"
        )


def _check_host(host: str, settings: Settings) -> None:
    if settings.token is None and not settings.allow_anonymous and not _is_loopback(host):
        raise SettingError(
            f"refusing to listen on {host} without authentication: set LIGHTSHIP_TOKEN, or give --allow-anonymous"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _announce(server: Server | Workers, states: tuple[ModelState, ...]) -> None:
    console = terminal.console()
    console.print(Panel(welcome(server, states), title="Lightship", expand=False))
    console.print(curl(server, states), soft_wrap=True)  # outside the panel: one line to copy


def welcome(server: Server | Workers, states: tuple[ModelState, ...]) -> str:
    """Return the server's URLs and one line per model."""
    lines = [f"web page: {server.url}   API docs: {server.url}/docs", ""]
    lines += [f"{_title(state)}   {state.error or _inputs(state)}" for state in states]
    return "\n".join(lines if states else [*lines, "no models yet: create one with `lightship compile SOURCE`"])


def _title(state: ModelState) -> str:
    return state.name if state.version is None else f"{state.name} version {state.version}"


def _inputs(state: ModelState) -> str:
    if state.overview is not None:
        return ", ".join(state.overview.inputs)
    signature = state.manifest.signature() if state.manifest else None
    return ", ".join(f"{spec.name}: {spec}" for spec in signature.inputs) if signature else ""


def curl(server: Server | Workers, states: tuple[ModelState, ...]) -> str:
    """Return a curl command: a prediction by the default model, or the list of models.

    It is a prediction where the model's only input is a row of floats.
    """
    token = '-H "Authorization: Bearer $LIGHTSHIP_TOKEN" ' if server.requires_token else ""
    for state in states:
        if state.default and state.manifest is not None:
            spec, *others = state.manifest.signature().inputs
            if not others and len(spec.row_shape) == 1 and spec.row_shape[0] and spec.numpy.kind == "f":
                values = ", ".join(f"{number}.0" for number in range(1, spec.row_shape[0] + 1))
                body = f"""-H "Content-Type: application/json" -d '{{"input": [{values}]}}'"""
                return f"curl -X POST {token}{body} {server.url}/predict"
    return f"curl {token}{server.url}/models"
