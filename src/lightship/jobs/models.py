"""Versions of models that jobs are pinned to, read from the registry in S3 without opening a bundle."""

from __future__ import annotations

import re

from lightship.errors import InvalidInput, NotFound
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.requests import Source
from lightship.jobs.ledger.runs import Pin
from lightship.registry.description import MANIFEST, Description
from lightship.registry.state import State

_S3 = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)


def find(cloud: Cloud, model: str, version: int | None = None, *, allow_withdrawn: bool = True) -> Pin:
    """Return a version of a model, by default the one that answers, and its bundle's digest.

    Raises NotFound, or InvalidInput where its rows depend on each other. A withdrawn version takes no new work; one
    that was pinned before stays.
    """
    try:
        state = State.from_bytes(_read(cloud, model, "state.json"))
        number = state.default if version is None else version
        if number is None or number not in (state.versions if allow_withdrawn else state.offered):
            raise NotFound(model)
        found = describe(cloud, model, number)
    except NotFound:
        what = f"model '{model}'" if version is None else f"version {version} of model '{model}'"
        raise NotFound(f"there is no {what} that takes new work") from None
    check_rows(model, found.independent_rows)
    return Pin(number, found.digest)


def pin(cloud: Cloud, token: str, model: str) -> Pin:
    """Return the version of a model that answered when a token was first seen; raises as :func:`find` does."""
    found = find(cloud, model)
    if not token:
        return found
    pinned = Ledger(cloud).runs.pin(f"{token}/{model}", found)
    return pinned if pinned.digest else find(cloud, model, pinned.version)


def check_rows(model: str, independent: bool | None) -> None:
    """Raise InvalidInput for a model whose rows depend on each other; ``independent`` is its default signature's."""
    if independent is False:
        raise InvalidInput(
            f"the rows of model '{model}' depend on each other, and a job cuts its file into chunks: send the rows "
            "that belong together in one request"
        )


def describe(cloud: Cloud, model: str, version: int) -> Description:
    """Return what a version's manifest says; raises NotFound."""
    return Description.from_bytes(manifest(cloud, model, version))


def manifest(cloud: Cloud, model: str, version: int) -> bytes:
    """Return a version's manifest; raises NotFound."""
    return _read(cloud, model, f"{version}/{MANIFEST}")


def _read(cloud: Cloud, model: str, name: str) -> bytes:
    found = _S3.fullmatch(f"{cloud.registry.rstrip('/')}/{model}/")
    if found is None:
        raise NotFound(f"jobs find their models in S3, and {cloud.registry!r} is not there")
    return objects.read_range(cloud, Source(found[1], found[2] + name), 0, None)
