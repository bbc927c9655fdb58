"""Conversion of rows one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from lightship.errors import InvalidInput

T = TypeVar("T")
U = TypeVar("U")


def each_row(convert: Callable[[T], U], rows: Iterable[T]) -> Iterator[U]:
    """Yield the result of each row; raises InvalidInput with the row."""
    for number, row in enumerate(rows):
        try:
            yield convert(row)
        except InvalidInput as error:
            raise error.at(number) from None
