"""Conversion of rows, and the first row that cannot be converted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from lightship.errors import InvalidInput
from lightship.tensors import json_type

T = TypeVar("T")
U = TypeVar("U")


def each_row(convert: Callable[[T], U], rows: Iterable[T]) -> Iterator[U]:
    """Yield the result of each row; raises InvalidInput with the row."""
    for number, row in enumerate(rows):
        try:
            yield convert(row)
        except InvalidInput as error:
            raise error.at(number) from None


def all_rows(convert: Callable[[list[Any]], U], rows: list[Any]) -> U:
    """Return the result of all rows; raises InvalidInput with the first wrong one."""
    try:
        return convert(rows)
    except InvalidInput as error:
        raise first_wrong(convert, rows, error) from None


def first_wrong(
    convert: Callable[[list[Any]], object], rows: list[Any], error: InvalidInput, *, name: str = ""
) -> InvalidInput:
    """Return the error of the first row that fails, alone or beside the first row.

    ``error`` is that of all rows; it is returned if no row fails like that. ``name`` is the input's, if rows are of
    one. The range with the row is halved until one is left, which takes at most twice the time of all rows.
    """
    start, end = 0, min(1, len(rows))
    if not _fault(convert, rows[:1]):
        start, end = 1, len(rows)
    while end - start > 1:
        middle = (start + end) // 2
        if _fault(convert, [rows[0], *rows[start:middle]]):
            end = middle
        else:
            start = middle
    wrong = rows[start:end]
    if not wrong:
        return error
    found = _other_form(rows[0], wrong[0], name) or _fault(convert, wrong) or _fault(convert, [rows[0], *wrong])
    return found.at(start) if found else error


def is_object(row: Any) -> bool:
    """Return whether a row is an object; ``{"b64": text}`` is a value."""
    return isinstance(row, dict) and row.keys() != {"b64"}


def check_form(rows: Sequence[Any]) -> None:
    """Raise InvalidInput, with the row, unless all are lists, objects or values."""
    for number, row in enumerate(rows):
        if error := _other_form(rows[0], row):
            raise error.at(number)


def _fault(convert: Callable[[list[Any]], object], rows: list[Any]) -> InvalidInput | None:
    try:
        convert(rows)
    except InvalidInput as error:
        return error
    return None


def _other_form(first: Any, row: Any, input: str = "") -> InvalidInput | None:
    """Return the error for a row of another form than the first one."""
    if _form(first) is _form(row):
        return None
    forms = f"the first row is {json_type(first)}, this one is {json_type(row)}"
    return InvalidInput(f"all rows must have one form: {forms}", input=input)


def _form(row: Any) -> type:
    """Return list, dict, or object for a value."""
    if isinstance(row, list):
        return list
    return dict if is_object(row) else object
