"""Origins of a model's features: the element of a row that each is computed from.

A preprocessing program is followed through the steps that compute each column from one column. Where another step
mixes columns there are no origins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lightship.preprocessing import Program, Step
from lightship.tensors import Array, TensorSpec


@dataclass(frozen=True)
class Origin:
    """What one feature is computed from.

    Attributes:
        element: position of the element in a row; the elements of all inputs are numbered in their order.
        factor, offset: the feature is ``factor * value + offset`` where ``codes`` is None.
        codes: the feature of each known category or state, by its name; None for numbers.
        bounds: the numbers that ranks stand for; None where the feature is not a rank.
        filled: whether missing values were replaced.
    """

    element: int
    factor: float = 1.0
    offset: float = 0.0
    codes: Mapping[str, float] | None = None
    bounds: Array | None = None
    filled: bool = False

    def scaled(self, factor: float, offset: float = 0.0) -> Origin:
        """Return the origin of ``factor * feature + offset``."""
        if self.codes is not None:
            return replace(self, codes={name: code * factor + offset for name, code in self.codes.items()})
        return replace(self, factor=self.factor * factor, offset=self.offset * factor + offset)


Origins = tuple[Origin, ...]


def origins_of(program: Program | None, inputs: Sequence[TensorSpec]) -> Origins | None:
    """Return the origin of each feature; None where a step mixes columns.

    ``inputs`` are those of the program, or of the model without one.
    """
    values: dict[str, Origins] = {}
    first = 0
    for spec in inputs:
        size = int(np.prod([size or 1 for size in spec.row_shape]))
        values[spec.name] = tuple(Origin(first + at) for at in range(size))
        first += size
    if program is None:
        return values[inputs[0].name] if len(inputs) == 1 else None
    for step in program.steps:
        follow = _FOLLOWED.get(step.operator)
        if follow is None or len(step.outputs) != 1:
            return None
        values[step.outputs[0]] = follow(step, values, program.constants)
    (made,) = program.outputs.values()
    return values.get(made)


Values = Mapping[str, Origins]
Constants = Mapping[str, Array]


def _same(step: Step, values: Values, constants: Constants) -> Origins:
    return values[step.inputs[0]]


def _filled(step: Step, values: Values, constants: Constants) -> Origins:
    return tuple(replace(each, filled=True) for each in values[step.inputs[0]])


def _joined(step: Step, values: Values, constants: Constants) -> Origins:
    return tuple(origin for name in step.inputs for origin in values[name])


def _select(step: Step, values: Values, constants: Constants) -> Origins:
    return tuple(values[step.inputs[0]][at] for at in constants[step.inputs[1]].tolist())


def _pick(step: Step, values: Values, constants: Constants) -> Origins:
    return (values[step.inputs[0]][step.options["position"]],)


def _arithmetic(affine: Callable[[float], tuple[float, float]]) -> _Follow:
    """Return the function for ``column * factor + offset``, given a constant."""

    def follow(step: Step, values: Values, constants: Constants) -> Origins:
        columns = values[step.inputs[0]]
        numbers = np.broadcast_to(np.ravel(constants[step.inputs[1]]), (len(columns),)).tolist()
        return tuple(column.scaled(*affine(number)) for column, number in zip(columns, numbers, strict=True))

    return follow


def _ranks(step: Step, values: Values, constants: Constants) -> Origins:
    bounds = np.split(constants[step.inputs[1]], constants[step.inputs[2]][1:-1])
    return tuple(replace(each, bounds=own) for each, own in zip(values[step.inputs[0]], bounds, strict=True))


def _one_hot(step: Step, values: Values, constants: Constants) -> Origins:
    (origin,) = values[step.inputs[0]]
    positions = _categories(step, constants)
    return tuple(
        Origin(origin.element, codes={name: float(at == position) for name, position in positions.items()})
        for at in range(step.options["width"])
    )


def _ordinal(step: Step, values: Values, constants: Constants) -> Origins:
    (origin,) = values[step.inputs[0]]
    numbers = constants[step.inputs[3]].tolist()
    return (Origin(origin.element, codes={name: numbers[at] for name, at in _categories(step, constants).items()}),)


def _categories(step: Step, constants: Constants) -> dict[str, int]:
    """Return the position of each category of an encoder."""
    categories, positions = (constants[name].tolist() for name in step.inputs[1:3])
    return dict(zip(map(_named, categories), positions, strict=True))


def _named(category: Any) -> str:
    return category.decode(errors="replace") if isinstance(category, bytes) else f"{category:g}"


def _binarised(step: Step, values: Values, constants: Constants) -> Origins:
    return tuple(
        Origin(each.element, codes={f"<= {(limit := _value(each, step.options['threshold']))}": 0.0, f"> {limit}": 1.0})
        for each in values[step.inputs[0]]
    )


def _value(origin: Origin, feature: float) -> str:
    return f"{(feature - origin.offset) / (origin.factor or 1.0):.5g}"


def _indicators(step: Step, values: Values, constants: Constants) -> Origins:
    codes = {"present": 0.0, "missing": 1.0}
    return tuple(Origin(each.element, codes=codes) for each in values[step.inputs[0]])


_Follow = Callable[[Step, Values, Constants], Origins]
_FOLLOWED: Mapping[str, _Follow] = {
    **dict.fromkeys(("arrays.cast", "tables.clip"), _same),
    **dict.fromkeys(("tables.impute", "tables.impute_text"), _filled),
    **dict.fromkeys(("tables.stack", "tables.matrix"), _joined),
    "tables.select": _select,
    "tables.pick": _pick,
    "tables.add": _arithmetic(lambda number: (1.0, number)),
    "tables.subtract": _arithmetic(lambda number: (1.0, -number)),
    "tables.multiply": _arithmetic(lambda number: (number, 0.0)),
    "tables.divide": _arithmetic(lambda number: (1.0 / number if number else 1.0, 0.0)),
    "tables.ranks": _ranks,
    "tables.one_hot": _one_hot,
    "tables.ordinal": _ordinal,
    "tables.binarise": _binarised,
    "tables.indicators": _indicators,
}
