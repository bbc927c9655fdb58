"""Decoding of JSON messages, events and items into checked dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from lightship.errors import InvalidInput

T = TypeVar("T")

_LONGEST = 80
_WORDS = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}


def decode(kind: type[T], value: object, *, name: str) -> T:
    """Return an instance of the dataclass ``kind`` from a JSON object.

    Unknown fields are ignored. Raises InvalidInput, which names the field, its value and the expected type.
    """
    if not isinstance(value, Mapping):
        raise _wrong(name, value, "an object")
    hints = types(kind)
    required: tuple[str, ...] = _required(kind)  # type: ignore[arg-type]  # a class is hashable
    if missing := [field for field in required if field not in value]:
        raise InvalidInput(f"'{name}' has no '{missing[0]}': it must be {_describe(hints[missing[0]])}")
    present = {field: hint for field, hint in hints.items() if field in value}
    return kind(**{field: read(hint, value[field], name=f"{name}.{field}") for field, hint in present.items()})


def read(hint: Any, value: object, *, name: str) -> Any:
    """Return a JSON value as the type of an annotation; raises InvalidInput."""
    if type(value) is hint or hint in (Any, object):
        return value
    if (kind := optional(hint)) is not hint:
        return None if value is None else read(kind, value, name=name)
    if isinstance(hint, type) and is_dataclass(hint):
        return decode(hint, value, name=name)
    if not _is_a(hint, value):
        raise _wrong(name, value, _describe(hint))
    return _convert(hint, value, name)


def types(kind: type) -> dict[str, Any]:
    """Return the annotations of a dataclass by field name."""
    return _types(kind)


def optional(hint: Any) -> Any:
    """Return the ``X`` of ``X | None``; any other annotation unchanged."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    (kind,) = (kind for kind in get_args(hint) if kind is not NoneType)
    return kind


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _required(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING)


def _is_a(hint: Any, value: object) -> bool:
    """Return whether a value has a type: true is not a number, 2.0 is an integer."""
    origin = get_origin(hint) or hint
    if origin is tuple:
        return isinstance(value, list | tuple)
    if origin in (int, float) and not isinstance(value, bool):
        return isinstance(value, int) or (isinstance(value, float) and (origin is float or value.is_integer()))
    if issubclass(origin, Enum):
        return value in [*origin]
    return isinstance(value, origin) and origin not in (int, float)


def _convert(hint: Any, value: Any, name: str) -> Any:
    origin = get_origin(hint) or hint
    if origin is tuple:
        return tuple(read(get_args(hint)[0], entry, name=f"{name}[{at}]") for at, entry in enumerate(value))
    if origin is Mapping:
        return {key: read(get_args(hint)[1], entry, name=f"{name}.{key}") for key, entry in value.items()}
    return hint(value) if hint is int or issubclass(hint, Enum) else value


def _describe(hint: Any) -> str:
    if (kind := optional(hint)) is not hint:
        return _describe(kind)
    if get_origin(hint) is tuple:
        return "a list"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(map(str, hint))}"
    return _WORDS.get(hint, "an object")


def _wrong(name: str, value: object, expected: str) -> InvalidInput:
    return InvalidInput(f"'{name}' must be {expected}, not {ascii(value)[:_LONGEST]}")
