"""``lightship serve``, and what ``lightship up`` shares with it."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from functools import partial

import click
from rich.panel import Panel

from lightship.app.server import Server
from lightship.calls import ModelState
from lightship.cli.arguments import completion
from lightship.cli.arguments.options import registry_option
from lightship.cli.output import terminal
from lightship.cli.output.terminal import interruptible, quiet
from lightship.errors import SettingError
from lightship.jobs import cloud
from lightship.registry.registry import Registry
from lightship.settings import Settings

_host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port_option = click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
default_option = click.option(
    "--default",
    "default_model",
    metavar="NAME",
    help="Model that POST /predict asks.  [default: the only one]",
    shell_complete=completion.models,
)
_anonymous_option = click.option(
    "--allow-anonymous",
    is_flag=True,
    help="Answer strangers beyond this machine although no LIGHTSHIP_TOKEN is set.",
)
access_log_option = click.option(
    "--access-log", is_flag=True, help="Write a line of JSON per request to the standard output."
)


@click.command("serve")
@_host_option
@port_option
@default_option
@_anonymous_option
@access_log_option
@registry_option
def serve_command(
    host: str, port: int, default_model: str | None, allow_anonymous: bool, access_log: bool, registry: Registry
) -> None:
    """Serve the models of a registry over HTTP.

    Listens on this machine only, unless LIGHTSHIP_TOKEN holds a bearer token that every request must carry, or
    --allow-anonymous says that strangers are welcome.
    """
    settings = settings_of(default_model, allow_anonymous=allow_anonymous, access_log=access_log)
    _check_host(host, settings)
    check_default(default_model or settings.default_model, registry)
    with interruptible(), contextlib.suppress(KeyboardInterrupt):
        _serve(
            Server(
                settings._replace(registry=registry.location),
                host=host,
                port=port,
                jobs=partial(cloud.from_environment, os.environ),
            )
        )


def settings_of(default_model: str | None, *, allow_anonymous: bool = False, access_log: bool = False) -> Settings:
    """The environment's settings, with what options say instead."""
    settings = Settings.from_environment()
    return settings._replace(
        default_model=default_model or settings.default_model,
        allow_anonymous=allow_anonymous or settings.allow_anonymous,
        access_log=access_log or settings.access_log,
    )


def check_default(name: str | None, registry: Registry) -> None:
    """Raises SettingError for the name of no model, where there are models; the first one may come later."""
    if name and name not in (names := registry.names()) and names:
        raise SettingError(
            f"--default or LIGHTSHIP_DEFAULT_MODEL is '{name[:80]}', and {registry.location} has no such model: "
            f"{', '.join(names)}"
        )


def _check_host(host: str, settings: Settings) -> None:
    if settings.token is None and not settings.allow_anonymous and not _is_loopback(host):
        raise SettingError(
            f"refusing to listen on {host} for anyone who finds it: set LIGHTSHIP_TOKEN, or say --allow-anonymous"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _serve(server: Server) -> None:
    console = terminal.console()
    with quiet():
        states = server.start()
    console.print(Panel(welcome(server, states), title="Lightship", expand=False))
    console.print(curl(server, states), soft_wrap=True)  # outside the panel: one line to copy
    server.run()


def welcome(server: Server, states: tuple[ModelState, ...]) -> str:
    """Where the server is and what it serves, a line for each model."""
    lines = [f"{server.url}   docs: {server.url}/docs", ""]
    lines += [f"{_called(state)}   {state.error or _inputs(state)}" for state in states]
    return "\n".join(lines if states else [*lines, "no models yet: make one with `lightship compile SOURCE`"])


def _called(state: ModelState) -> str:
    return state.name if state.version is None else f"{state.name} version {state.version}"


def _inputs(state: ModelState) -> str:
    signature = state.manifest.signature() if state.manifest else None
    return ", ".join(f"{spec.name}: {spec}" for spec in signature.inputs) if signature else ""


def curl(server: Server, states: tuple[ModelState, ...]) -> str:
    """One line to copy: for the default model where it is a row of numbers, else for the catalogue."""
    token = '-H "Authorization: Bearer $LIGHTSHIP_TOKEN" ' if server.requires_token else ""
    for state in states:
        if state.default and state.manifest is not None:
            spec, *others = state.manifest.signature().inputs
            if not others and len(spec.row_shape) == 1 and spec.row_shape[0] and spec.numpy.kind == "f":
                values = ", ".join(f"{number}.0" for number in range(1, spec.row_shape[0] + 1))
                body = f"""-H "Content-Type: application/json" -d '{{"input": [{values}]}}'"""
                return f"curl -X POST {token}{body} {server.url}/predict"
    return f"curl {token}{server.url}/models"
