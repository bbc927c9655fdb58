"""Words that a shell completes: names, versions and labels in the registry that the command line names so far.

Nothing is completed where the registry cannot be read: an error has no place in the middle of a line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import wraps

import click

from lightship import aws
from lightship.aws.stack import StackSettings
from lightship.errors import LightshipError, SettingError
from lightship.registry.registry import Registry
from lightship.registry.state import PRODUCTION, State
from lightship.settings import Settings

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _completing(find: Callable[[click.Context, str], Iterable[str]]) -> Complete:
    """Turn what finds words into what click calls; words that do not continue the incomplete one are left out."""

    @wraps(find)
    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            return [word for word in find(context, incomplete) if word.startswith(incomplete)]
        except LightshipError:
            return []
        except Exception as error:
            if aws.describe(error) is None:
                raise
            return []

    return complete


@_completing
def models(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the names of the models."""
    return _registry(context).names()


@_completing
def models_and_versions(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the names of the models; of the only one that fits, with its versions: ``churn``, ``churn@1``."""
    name, at, _ = incomplete.partition("@")
    found = [each for each in _registry(context).names() if each == name or (not at and each.startswith(name))]
    if len(found) != 1:
        return found
    return [*found, *(f"{found[0]}@{version}" for version in _state(context, found[0]).versions)]


@_completing
def versions(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the versions of the model that the line names, the newest first."""
    return map(str, reversed(_state(context).offered))


@_completing
def labels(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the labels of the model that the line names, and ``production``."""
    return sorted({PRODUCTION, *_state(context).routing.labels})


@_completing
def shares(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return ``VERSION=`` for each version of the model that the line names."""
    return [f"{version}=" for version in _state(context).offered]


@_completing
def entries(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the numbers in the history of the model that the line names, the newest first."""
    return [str(entry.number) for entry in reversed(_state(context).entries)]


@_completing
def queues(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the names of the stack's queues."""
    return StackSettings.from_environment(os.environ).queues


def _registry(context: click.Context) -> Registry:
    if "registry" not in context.params:  # a command that works on a stack
        settings = Settings.from_environment()
        return Registry(settings.registry, cache=settings.cache)
    found = context.params["registry"]
    if not isinstance(found, Registry):  # click drops a value that its callback refused
        raise SettingError("the line names no registry that can be read")
    return found


def _state(context: click.Context, name: str | None = None) -> State:
    """The state of a model, by default of the one that the line names; click leaves it in ``args`` before an option."""
    named = context.params.get("name") or next(iter(context.args), "")
    return _registry(context).state(name or str(named))
