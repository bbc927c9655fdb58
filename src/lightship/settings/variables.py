"""One environment variable: its value, or the error that says what it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from lightship.errors import SettingError

T = TypeVar("T")


def read_variable(source: Mapping[str, str], key: str, cast: Callable[[str], T], default: T) -> T:
    """Return a variable's value, or the default where it is empty or not set.

    ``cast`` raises ValueError with what the variable must be. Raises SettingError.
    """
    text = source.get(key, "")
    if not text:
        return default
    try:
        return cast(text)
    except ValueError as error:
        raise SettingError(f"{key} is {text!r}: it must be {error}") from None
