"""Changes of a model's labels, traffic and mirrored versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lightship.errors import InvalidInput, RegistryError, RoutingConflict, UnsupportedMedia
from lightship.protocols.http import Matched, Request, Response
from lightship.protocols.json import read_object
from lightship.registry.registry import choose
from lightship.registry.state import State, check_label
from lightship.serving.serving import Serving
from lightship.tensors import json_type

Body = Mapping[str, Any]
Change = Callable[[State], State]

_VERSION = re.compile("[1-9][0-9]{0,17}")
_ROUNDING = 1e-6  # percent


def route(serving: Serving, request: Request, matched: Matched) -> Response:
    """Change the routing as a request asks for, and return the model.

    Raises InvalidInput, UnsupportedMedia, NotFound, RoutingConflict or RegistryError.
    """
    # Browsers send this media type to other sites only where those allow it.
    if request.media_type != "application/json":
        raise UnsupportedMedia(f"the content type is {request.media_type[:80] or 'missing'}: send application/json")
    name = matched.parameters["name"]
    change = _CHANGES[matched.route.path.rpartition("/")[2]](name, read_object(request.body))
    return matched.route.encode(serving.change(name, change))


def _label(name: str, body: Body) -> Change:
    _check_fields(body, required=("label", "version"))
    label, version = _label_name(body["label"]), body["version"]
    if version is not None:
        version = _version(version, "version", "a version, or null to remove the label")

    words = f"label {label} {'--remove' if version is None else version}"
    return lambda state: state.reroute(state.routing.with_label(label, version, name=name), change=words)


def _traffic(_: str, body: Body) -> Change:
    _check_fields(body, required=("traffic",))
    if not isinstance(body["traffic"], dict):
        raise InvalidInput(f'"traffic" must be an object of percent by version, got {json_type(body["traffic"])}')
    shares = {_version_name(version): _number(share, "a share", 100) for version, share in body["traffic"].items()}
    if shares and abs(sum(shares.values()) - 100) > _ROUNDING:
        raise InvalidInput(f"the shares add up to {sum(shares.values()):g} %, not to 100")
    split = {version: share for version, share in sorted(shares.items()) if share}

    def change(state: State) -> State:
        if mirrored := sorted(split.keys() & state.routing.shadows.keys()):
            raise RoutingConflict(f"requests are mirrored to version {mirrored[0]}: end that before it gets traffic")
        words = [f"{version}={share:g}" for version, share in split.items()]
        return state.reroute(replace(state.routing, traffic=split), change=" ".join(["traffic", *words]))

    return change


def _mirror(name: str, body: Body) -> Change:
    _check_fields(body, required=("version", "fraction"))
    version, fraction = _version(body["version"], "version", "a version"), _number(body["fraction"], '"fraction"', 1)

    def change(state: State) -> State:
        if version not in state.routing.shadows:
            choose(name, state, version, None)  # also where nothing would change
        if fraction and version in state.routing.traffic:
            raise RoutingConflict(f"version {version} gets traffic: requests cannot be mirrored to it, too")
        shadows = {each: share for each, share in state.routing.shadows.items() if each != version}
        shadows |= {version: fraction} if fraction else {}
        words = f"traffic {version}=shadow:{fraction * 100:g}%"
        return state.reroute(replace(state.routing, shadows=shadows), change=words)

    return change


def _rollback(name: str, body: Body) -> Change:
    _check_fields(body, optional=("to",))
    to = _version(body["to"], "to", "the number of an entry of the history") if "to" in body else None
    return lambda state: state.rollback(to, name=name)


_CHANGES: Mapping[str, Callable[[str, Body], Change]] = {
    "label": _label,
    "traffic": _traffic,
    "mirror": _mirror,
    "rollback": _rollback,
}


def _check_fields(body: Body, *, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> None:
    fields = (*required, *optional)
    if unknown := next((name for name in body if name not in fields), None):
        raise InvalidInput(f"the body has an unknown field '{unknown[:80]}': the fields are {', '.join(fields)}")
    if missing := next((name for name in required if name not in body), None):
        raise InvalidInput(f"the body has no field '{missing}': the fields are {', '.join(fields)}")


def _label_name(value: Any) -> str:
    """Return a label; raises InvalidInput."""
    if not isinstance(value, str):
        raise InvalidInput(f'"label" must be a string, got {json_type(value)}')
    try:
        return check_label(value)
    except RegistryError as error:
        raise InvalidInput(error.message) from None


def _version(value: Any, field: str, expected: str) -> int:
    if type(value) is not int or value < 1:
        raise InvalidInput(f'"{field}" must be {expected}, counted from 1')
    return value


def _version_name(text: str) -> int:
    if not _VERSION.fullmatch(text):
        raise InvalidInput(f"'{text[:80]}' is not a version: versions are numbers from 1")
    return int(text)


def _number(value: Any, name: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InvalidInput(f"{name} must be a number from 0 to {most:g}")
    return float(value)
