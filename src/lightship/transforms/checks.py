"""Checks of what a transform returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lightship.tensors import Array, TensorSpec
from lightship.tensors.specs import fits

_LONGEST_NAME = 80


class WrongReturn(Exception):
    """A transform returned something else than it must; the message says what."""


def checked(returned: object, specs: Sequence[TensorSpec], rows: int | None) -> dict[str, Array]:
    """Return the arrays that a transform returned; raises WrongReturn.

    ``rows`` is the number of rows that batched arrays must have; None for any. Text becomes UTF-8 bytes.
    """
    names = [spec.name for spec in specs]
    if not isinstance(returned, Mapping):
        raise WrongReturn(f"it returned {type(returned).__name__}, expected a dictionary with {', '.join(names)}")
    if missing := [name for name in names if name not in returned]:
        raise WrongReturn(f"it did not return '{missing[0]}': expected {', '.join(names)}")
    if extra := [name for name in returned if name not in names]:
        raise WrongReturn(f"it returned {str(extra[0])[:_LONGEST_NAME]!r}: expected {', '.join(names)}")
    arrays = {spec.name: _checked(returned[spec.name], spec) for spec in specs}
    for spec in specs:
        if spec.batched and rows is not None and len(arrays[spec.name]) != rows:
            raise WrongReturn(f"it returned {len(arrays[spec.name])} rows of '{spec.name}', expected {rows}")
    return arrays


def rows_of(arrays: Mapping[str, Array], specs: Sequence[TensorSpec]) -> int | None:
    """Return the number of rows of the first batched array; None without one."""
    return next((len(arrays[spec.name]) for spec in specs if spec.batched), None)


def read_only(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return views that cannot be written: other calls may use the same arrays."""
    views = {name: array.view() for name, array in arrays.items()}
    for view in views.values():
        view.flags.writeable = False
    return views


def _checked(value: Any, spec: TensorSpec) -> Array:
    if not isinstance(value, np.ndarray):
        raise WrongReturn(f"it returned '{spec.name}' as {type(value).__name__}, expected an array {spec}")
    array = _as_bytes(value, spec) if spec.dtype == "string" else value
    if array.dtype != spec.numpy or not fits(array.shape, spec.shape):
        found = f"{array.dtype.name} {list(array.shape)}"
        raise WrongReturn(f"it returned '{spec.name}' as {found}, expected {spec}")
    return array if array.flags.c_contiguous else array.copy()


def _as_bytes(array: Array, spec: TensorSpec) -> Array:
    """Return text as an object array of UTF-8 bytes, as engines and protocols need it."""
    if array.dtype.kind not in "OUS":
        return array
    try:
        items = [_encoded(item) for item in array.ravel().tolist()]
    except UnicodeEncodeError:
        raise WrongReturn(f"it returned '{spec.name}' with a lone surrogate, which UTF-8 cannot encode") from None
    if wrong := [item for item in items if not isinstance(item, bytes)]:
        raise WrongReturn(
            f"it returned '{spec.name}' with a value of {type(wrong[0]).__name__}, expected text or bytes"
        )
    encoded = np.empty(array.shape, np.object_)
    encoded.reshape(-1)[:] = items
    return encoded


def _encoded(item: Any) -> Any:
    """Return text as UTF-8, with the bytes that surrogateescape stands for."""
    return item.encode(errors="surrogateescape") if isinstance(item, str) else item
