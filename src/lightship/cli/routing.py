"""``lightship label``, ``traffic``, ``rollback`` and ``withdraw``: which version answers."""

from __future__ import annotations

from dataclasses import replace

import click

from lightship.cli.options import registry_option
from lightship.registry import Registry
from lightship.state import Routing, State, check_label

_NAME = click.argument("name", metavar="NAME")
_SHADOW = "shadow:"


@click.command("label")
@_NAME
@click.argument("label", metavar="LABEL")
@click.argument("version", type=click.IntRange(1), required=False)
@click.option("--remove", is_flag=True, help="Take the label away.")
@registry_option
def label_command(name: str, label: str, version: int | None, remove: bool, registry: Registry) -> None:
    """Give a version a LABEL.

    `production` is the version that answers by default.

    \b
    lightship label churn production 3
    lightship label churn canary --remove
    """
    if remove == (version is not None):
        raise click.UsageError("say either a VERSION or --remove")
    if not remove:
        check_label(label)

    def change(state: State) -> State:
        labels = {key: value for key, value in state.routing.labels.items() if key != label}
        return state.reroute(replace(state.routing, labels=labels | ({label: version} if version else {})))

    _say(name, registry.change(name, change))


@click.command("traffic")
@_NAME
@click.argument("shares", metavar="VERSION=SHARE...", nargs=-1)
@registry_option
def traffic_command(name: str, shares: tuple[str, ...], registry: Registry) -> None:
    """Split the requests that name no version among versions.

    Without shares, the default version gets all again.

    \b
    lightship traffic churn 3=90 4=10           90 % and 10 %
    lightship traffic churn 3=100 5=shadow:10%  version 5 runs a tenth of them unheard
    """
    split, shadows = parse_shares(shares)
    _say(
        name, registry.change(name, lambda state: state.reroute(replace(state.routing, traffic=split, shadows=shadows)))
    )


@click.command("rollback")
@_NAME
@registry_option
def rollback_command(name: str, registry: Registry) -> None:
    """Go back to the labels and traffic before the last change.

    Once more takes that back.
    """
    _say(name, registry.change(name, State.rollback))


@click.command("withdraw")
@_NAME
@click.argument("version", type=click.IntRange(1))
@registry_option
def withdraw_command(name: str, version: int, registry: Registry) -> None:
    """Take no new requests for a version.

    Its files stay for what is running.
    """
    _say(name, registry.change(name, lambda state: state.withdraw(version)))


def parse_shares(words: tuple[str, ...]) -> tuple[dict[int, float], dict[int, float]]:
    """``3=90 4=10 5=shadow:10%`` as percent by version, and fractions by shadow version; raises click.BadParameter."""
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
            raise click.BadParameter(f"version {version} stands twice")
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


def _say(name: str, state: State) -> None:
    click.echo(f"{name}: {describe(state.routing, state)}")


def describe(routing: Routing, state: State) -> str:
    """One line: who answers."""
    parts = [f"{label} is version {version}" for label, version in sorted(routing.labels.items())]
    if routing.traffic:
        parts.append(
            ", ".join(f"{share:g} % to version {version}" for version, share in sorted(routing.traffic.items()))
        )
    else:
        parts.append(f"version {state.default} answers")
    parts += [
        f"version {version} shadows {share:.4g} of the requests" for version, share in sorted(routing.shadows.items())
    ]
    return "; ".join(parts)
