"""Model versions of jobs, read from the registry in S3 without opening a bundle."""

from __future__ import annotations

import re

from lightship.errors import InvalidInput, NotFound, Unavailable
from lightship.jobs import objects
from lightship.jobs.cloud import Cloud
from lightship.jobs.ledger.ledger import Ledger
from lightship.jobs.ledger.requests import Source
from lightship.jobs.ledger.runs import Pin
from lightship.registry.description import MANIFEST, Description
from lightship.registry.state import State

_S3 = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)


def find(cloud: Cloud, model: str, version: int | None = None, *, allow_withdrawn: bool = True) -> Pin:
    """Return a version of a model and its digest; None selects the default version.

    The digest is that of its bundle. Raises NotFound, or InvalidInput where the model's rows depend on each other. With
    ``allow_withdrawn=False`` a withdrawn version is NotFound too: it takes no new jobs, while jobs that are pinned to
    it continue.
    """
    try:
        state = State.from_bytes(_read(cloud, model, "state.json"))
        number = state.default if version is None else version
        if number is None or number not in (state.versions if allow_withdrawn else state.offered):
            raise NotFound(model)
        found = describe(cloud, model, number)
    except NotFound:
        name = f"model '{model}'" if version is None else f"version {version} of model '{model}'"
        raise NotFound(f"there is no {name} that takes new work") from None
    check_rows(model, found.independent_rows)
    return Pin(number, found.digest)


def pin(cloud: Cloud, token: str, model: str) -> Pin:
    """Return the version of a model that was the default when a token was first seen.

    With an empty token, nothing is pinned: that is the current default version. Raises as :func:`find` does.
    """
    found = find(cloud, model)
    if not token:
        return found
    pinned = Ledger(cloud).runs.pin(f"{token}/{model}", found)
    return pinned if pinned.digest else find(cloud, model, pinned.version)


def check_rows(model: str, independent: bool | None) -> None:
    """Raise InvalidInput for a model whose rows depend on each other.

    ``independent`` is the value of the model's default signature; None where it is unknown.
    """
    if independent is False:
        raise InvalidInput(
            f"the rows of model '{model}' depend on each other, and a job splits its file into chunks: send rows that "
            "belong together in one request to the API"
        )


def describe(cloud: Cloud, model: str, version: int) -> Description:
    """Return the description in a version's manifest; raises NotFound."""
    return Description.from_bytes(manifest(cloud, model, version))


def manifest(cloud: Cloud, model: str, version: int) -> bytes:
    """Return a version's manifest; raises NotFound."""
    return _read(cloud, model, f"{version}/{MANIFEST}")


def _read(cloud: Cloud, model: str, name: str) -> bytes:
    found = _S3.fullmatch(f"{cloud.registry.rstrip('/')}/{model}/")
    if found is None:
        raise Unavailable(f"jobs need a registry in S3, s3://bucket/prefix, not {cloud.registry!r}")
    return objects.read_range(cloud, Source(found[1], found[2] + name), 0, None)
