"""Shell completion of names, versions and labels in the command line's registry.

Nothing is completed where the registry cannot be read: an error would be printed into the command line.
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


def _completion(find: Callable[[click.Context, str], Iterable[str]]) -> Complete:
    """Return a completion for click from a function that returns candidates.

    Candidates that do not start with the incomplete word are dropped.
    """

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


@_completion
def models(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the names of the models."""
    return _registry(context).names()


@_completion
def models_and_versions(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the matching models; of a single match also ``churn@1`` per version."""
    name, at, _ = incomplete.partition("@")
    candidates = [each for each in _registry(context).names() if each == name or (not at and each.startswith(name))]
    if len(candidates) != 1:
        return candidates
    return [*candidates, *(f"{candidates[0]}@{version}" for version in _state(context, candidates[0]).versions)]


@_completion
def versions(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the versions of the command line's model, the newest first."""
    return map(str, reversed(_state(context).offered))


@_completion
def labels(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the labels of the command line's model, and ``production``."""
    return sorted({PRODUCTION, *_state(context).routing.labels})


@_completion
def shares(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return ``VERSION=`` for each version of the command line's model."""
    return [f"{version}=" for version in _state(context).offered]


@_completion
def entries(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the history entries of the command line's model, the newest first."""
    return [str(entry.number) for entry in reversed(_state(context).entries)]


@_completion
def queues(context: click.Context, incomplete: str) -> Iterable[str]:
    """Return the names of the stack's queues."""
    return StackSettings.from_environment(os.environ).queues


def _registry(context: click.Context) -> Registry:
    if "registry" not in context.params:  # a command for a stack
        settings = Settings.from_environment()
        return Registry(settings.registry, cache=settings.cache)
    registry = context.params["registry"]
    if not isinstance(registry, Registry):  # click drops a value refused by its callback
        raise SettingError("the command line has no readable registry")
    return registry


def _state(context: click.Context, name: str | None = None) -> State:
    """Return the state of a model, by default of the command line's.

    click leaves a model's name before an option in ``args``.
    """
    named = context.params.get("name") or next(iter(context.args), "")
    return _registry(context).state(name or str(named))
