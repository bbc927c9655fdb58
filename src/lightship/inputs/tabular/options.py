"""The option ``columns`` of model.yaml: names, or mappings with types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightship.errors import InvalidInput
from lightship.inputs.tabular.columns import TYPES, Column, class_of, column_of
from lightship.tensors import TensorSpec
from lightship.tensors.specs import limits

_SHARED = ("name", "type", "missing", "default")
_VALUES = {
    "default": "the value of missing cells, such as default: 0",
    "mean": "a number such as mean: 51000.5",
}
_ANY = TensorSpec("", "float64", (None,))


def check_types(columns: Sequence[str | Mapping[str, Any]]) -> None:
    """Check the mappings among the columns without a tensor; raises InvalidInput."""
    for column in columns:
        if isinstance(column, Mapping):
            try:
                _check(column)
            except InvalidInput as error:
                raise InvalidInput(error.reason, column=f"{column['name']:.100}") from None
            _check_filling(column_of(column["name"], column), _ANY)


def types_of(columns: Sequence[str | Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the types and options of columns by name, without plain numbers."""
    typed = (column for column in columns if isinstance(column, Mapping) and set(column) != {"name"})
    return {column["name"]: {key: value for key, value in column.items() if key != "name"} for column in typed}


def check_fit(columns: Sequence[Column], spec: TensorSpec) -> None:
    """Check typed columns against the tensor; raises InvalidInput."""
    if spec.numpy.kind not in "fiu":
        raise InvalidInput(f"input '{spec.name}' is {spec}: columns with types need a tensor of numbers")
    width = sum(column.width for column in columns)
    if len(spec.shape) != 2 or spec.shape[1] != width:
        sizes = ", ".join(f"{column.name} {column.width}" for column in columns)[:300]
        raise InvalidInput(f"input '{spec.name}' is {spec}, and the columns take {width} of its columns: {sizes}")
    for column in columns:
        if column.largest > limits(spec.dtype)[1]:
            raise InvalidInput(f"its numbers are beyond {spec.dtype}", column=column.name)
        _check_filling(column, spec)


def _check(record: Mapping[str, Any]) -> None:
    """Check one mapping; raises InvalidInput with the reason alone."""
    kind = record.get("type", "number")
    if not isinstance(kind, str) or kind not in TYPES:
        raise InvalidInput(f"there is no type {kind!r:.40}, the types are {', '.join(TYPES)}")
    column = class_of(kind)
    allowed = (*_SHARED, *column.options)
    if unknown := [str(option) for option in record if option not in allowed]:
        raise InvalidInput(f"a {kind} has no option '{unknown[0]:.100}', it has {', '.join(allowed)}")
    column.check(record)
    _check_missing(record, column)


def _check_missing(record: Mapping[str, Any], column: type[Column]) -> None:
    """Check that the value for missing cells is given if and only if it is used."""
    policy = record.get("missing", "error")
    if policy not in column.policies:
        raise InvalidInput(f"missing must be {' or '.join(column.policies)}, not {policy!r:.40}")
    for option in ("default", "mean"):
        if policy == option and option not in record:
            raise InvalidInput(f"missing: {option} needs the option {option}, {_VALUES[option]}")
        if policy != option and option in record:
            raise InvalidInput(f"the option {option} is used only with missing: {option}, which is not given")


def _check_filling(column: Column, spec: TensorSpec) -> None:
    """Check the value for missing cells, if there is one; raises InvalidInput."""
    try:
        if column.filling is not None:
            column.numbers(None, spec)
    except InvalidInput as error:
        raise InvalidInput(f"the value for missing cells: {error.reason}", column=column.name) from None
