"""``lightship label``, ``traffic``, ``rollback``, ``history`` and ``withdraw``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import click
import orjson
from rich.table import Column, Table

from lightship.cli.arguments import completion
from lightship.cli.arguments.options import json_option, name_argument, registry_option
from lightship.cli.output.terminal import console
from lightship.registry.registry import Registry
from lightship.registry.state import State, check_label

_SHADOW = "shadow:"


@click.command("label")
@name_argument
@click.argument("label", metavar="LABEL", shell_complete=completion.labels)
@click.argument("version", type=click.IntRange(1), required=False, shell_complete=completion.versions)
@click.option("--remove", is_flag=True, help="Remove the label.")
@registry_option
def label_command(name: str, label: str, version: int | None, remove: bool, registry: Registry) -> None:
    """Set or remove a LABEL of a version.

    The version labelled `production` is the default.

    \b
    lightship label churn production 3
    lightship label churn canary --remove
    """
    if remove == (version is not None):
        raise click.UsageError("give either a VERSION or --remove")
    if not remove:
        check_label(label)

    def change(state: State) -> State:
        return state.reroute(state.routing.with_label(label, version, name=name), change=_command())

    _print(name, *_change(name, registry, change))


@click.command("traffic")
@name_argument
@click.argument("shares", metavar="VERSION=SHARE...", nargs=-1, shell_complete=completion.shares)
@registry_option
def traffic_command(name: str, shares: tuple[str, ...], registry: Registry) -> None:
    """Split requests without an explicit version among versions.

    Without shares, the default version gets all requests again.

    \b
    lightship traffic churn 3=90 4=10           90 % and 10 %
    lightship traffic churn 3=100 5=shadow:10%  mirror 10 % to version 5, its responses unused
    """
    split, shadows = parse_shares(shares)

    def change(state: State) -> State:
        return state.reroute(replace(state.routing, traffic=split, shadows=shadows), change=_command())

    _print(name, *_change(name, registry, change))


@click.command("rollback")
@name_argument
@click.option(
    "--to",
    type=click.IntRange(1),
    metavar="N",
    help="Entry of `lightship history NAME`.",
    shell_complete=completion.entries,
)
@registry_option
def rollback_command(name: str, to: int | None, registry: Registry) -> None:
    """Restore the previous labels and traffic.

    A second rollback goes one change further back. With --to, restore an entry of the history. A rollback is itself an
    entry, so --to can undo it. Publishing a version is not a change of labels or traffic.

    \b
    lightship rollback churn
    lightship rollback churn --to 3
    """
    before, after = _change(name, registry, lambda state: state.rollback(to, name=name))
    if after is before:
        return _print(name, before, after)
    click.echo(f"{name}, before: {describe(before)}")
    hint = after.rollback_hint(name) if after.default == before.default else ""
    click.echo(f"{name}, now: {describe(after)}{hint}")
    return None


@click.command("history")
@name_argument
@registry_option
@json_option
def history_command(name: str, registry: Registry, as_json: bool) -> None:
    """List the changes of labels and traffic, the newest first.

    The first entry is in force. The last 50 entries are kept.
    """
    state = registry.existing_state(name)
    entries = state.entries[::-1]
    if as_json:
        records = [asdict(entry) | {"in_force": entry is entries[0]} for entry in entries]
        return click.echo(orjson.dumps(records, option=orjson.OPT_NON_STR_KEYS))
    table = Table("entry", Column("when (UTC)", no_wrap=True), "change", "routing")
    for entry in entries:
        number = f"{entry.number}{' (in force)' if entry is entries[0] else ''}"
        table.add_row(number, entry.at or "-", entry.change, describe(replace(state, routing=entry.routing)))
    console().print(table)
    return None


@click.command("withdraw")
@name_argument
@click.argument("version", type=click.IntRange(1), shell_complete=completion.versions)
@registry_option
def withdraw_command(name: str, version: int, registry: Registry) -> None:
    """Withdraw a version: it takes no new requests.

    Its files are kept for running jobs and requests.
    """
    _print(name, *_change(name, registry, lambda state: state.withdraw(version)))


def parse_shares(words: tuple[str, ...]) -> tuple[dict[int, float], dict[int, float]]:
    """Parse ``3=90 4=10 5=shadow:10%``; raises click.BadParameter.

    Returns percent by version, and fractions (0 to 1) by shadow version.
    """
    split: dict[int, float] = {}
    shadows: dict[int, float] = {}
    for word in words:
        version, separator, share = word.partition("=")
        shadow = share.startswith(_SHADOW)
        percent = _percent(share.removeprefix(_SHADOW))
        if not (separator and version.isascii() and version.isdecimal()) or percent is None:
            raise click.BadParameter(
                f"{word!r}: write VERSION=PERCENT or VERSION=shadow:PERCENT, as 3=90 or 5=shadow:10%"
            )
        if int(version) in split | shadows:
            raise click.BadParameter(f"version {version} is given twice")
        if not percent:
            raise click.BadParameter(f"{word!r} is not a share: leave version {version} out")
        (shadows if shadow else split)[int(version)] = percent / 100 if shadow else percent
    if split and abs(sum(split.values()) - 100) > 1e-6:
        raise click.BadParameter(f"the shares add up to {sum(split.values()):g} %, not to 100")
    return split, shadows


def _percent(text: str) -> float | None:
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        return None
    return value if 0 <= value <= 100 else None


def _change(name: str, registry: Registry, change: Callable[[State], State]) -> tuple[State, State]:
    """Change a model's state and return it before and after.

    Both are the same object where nothing changed.
    """
    states: list[State] = []

    def record(state: State) -> State:
        states.append(state)
        return change(state)

    after = registry.change(name, record)
    return states[-1], after


def _command() -> str:
    """Return the current command for the history, without the model's name."""
    context = click.get_current_context()
    parameters = context.params
    words = [parameters.get("label"), parameters.get("version"), *parameters.get("shares", ())]
    removed = ["--remove"] if parameters.get("remove") else []
    return " ".join([str(context.info_name), *(str(word) for word in words if word is not None), *removed])


def _print(name: str, before: State, after: State) -> None:
    click.echo(f"{name}: {'unchanged: ' if after is before else ''}{describe(after)}")


def describe(state: State) -> str:
    """Return the routing as one line."""
    routing = state.routing
    parts = [f"{label} is version {version}" for label, version in sorted(routing.labels.items())]
    if routing.traffic:
        parts.append(
            ", ".join(f"{share:g} % to version {version}" for version, share in sorted(routing.traffic.items()))
        )
    else:
        parts.append("no version answers" if state.default is None else f"version {state.default} answers")
    parts += [
        f"version {version} shadows {share:.4g} of the requests" for version, share in sorted(routing.shadows.items())
    ]
    return "; ".join(parts)
