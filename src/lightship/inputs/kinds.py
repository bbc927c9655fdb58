"""The kinds of input. Adding one: a file with ``KIND``, an entry here, a test.

A kind's module is imported at its first use: a model of plain tensors imports none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

from lightship.errors import BundleError, InvalidInput
from lightship.inputs.kind import PLAIN, InputKind
from lightship.inputs.rows import first_wrong
from lightship.tensors import Array, TensorSpec
from lightship.tensors.specs import every_row, fits

# Modules by the manifest's ``type``.
KINDS: dict[str, str] = {
    "image": "lightship.inputs.image",
    "tabular": "lightship.inputs.tabular",
    "number": "lightship.inputs.number",
    "string": "lightship.inputs.string",
    "boolean": "lightship.inputs.boolean",
    "example": "lightship.inputs.example",
    "text": "lightship.inputs.text",
    "items": "lightship.inputs.items",
}


@lru_cache(maxsize=256)
def kind_of(spec: TensorSpec) -> InputKind:
    """Return the kind of an input; a plain tensor where it is missing or unknown.

    Raises BundleError for a malformed description.
    """
    record = spec.kind or {}
    try:
        return _class_of(record["type"]).from_json(record) if record.get("type") in KINDS else PLAIN
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise BundleError(f"the manifest's kind of '{spec.name:.100}' is malformed", detail=repr(error)) from None


def _class_of(name: str) -> type[InputKind]:
    kind: type[InputKind] = import_module(KINDS[name]).KIND
    return kind


def configurable() -> list[str]:
    """Return the kinds that model.yaml may use."""
    return [name for name in KINDS if _class_of(name).options is not None]


def check_options(kind: str, options: Mapping[str, Any]) -> None:
    """Check the options of a kind without a model; raises InvalidInput."""
    if kind not in configurable():
        raise InvalidInput(f"there is no kind '{kind:.100}', the kinds are {', '.join(configurable())}")
    _class_of(kind).check_options(options)


def files(kind: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the files that a kind's valid options name."""
    return _class_of(kind).files(options)


def configure(spec: TensorSpec, kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete description of a kind for TensorSpec.kind.

    Raises InvalidInput, which names the input.
    """
    try:
        check_options(kind, options)
    except InvalidInput as error:
        raise InvalidInput(error.reason, input=spec.name, column=error.column) from None
    return {"type": kind, **_class_of(kind).configure(spec, options).to_json()}


def decode(value: Any, spec: TensorSpec) -> Array:
    """Return a JSON value as an array of rows.

    The value is in the form of the input's kind, or nested lists. Raises InvalidInput with the first wrong row.
    """
    kind = kind_of(spec)
    try:
        return kind.decode(value, spec)
    except InvalidInput as error:
        raise first_wrong(partial(_decode_rows, spec=spec), kind.rows(value, spec), error, name=spec.name) from None


def _decode_rows(rows: list[Any], spec: TensorSpec) -> Array:
    """Return rows as an array, checked for their shape; raises InvalidInput."""
    array = kind_of(spec).decode(rows, spec)
    if not fits(array.shape, spec.shape):
        got = f", got {list(array.shape[1:])}" if spec.row_shape else ""
        raise InvalidInput(f"{every_row(spec)}{got}", input=spec.name)
    return array
