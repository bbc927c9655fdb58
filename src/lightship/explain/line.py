"""The line from a baseline to a row, along which a gradient is integrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lightship.explain.attribution import Tensors, Unexplained
from lightship.preprocessing.program import BoundProgram
from lightship.tensors import Array

_MOST = 2000  # elements of a row before preprocessing: each of them is preprocessed alone
_FLOOR = 0.01  # share of the larger prediction: a smaller change is not the scale of the gap
_TINY = float(np.finfo(np.float32).tiny)
_ROUNDING = 1e-4  # share of the largest step by which the steps of single elements may miss that of the row


class Integral(NamedTuple):
    """Average gradients along a line, and the explained number at its ends.

    ``gradients`` are float64 [1, ...], one for each input of the engine.
    """

    gradients: Sequence[Array]
    base: float
    prediction: float

    def gap(self, total: float) -> float:
        """Return how far attributions with this sum are from being complete.

        It is relative to the change of the prediction, or to a hundredth of the larger prediction.
        """
        change = self.prediction - self.base
        scale = max(abs(change), _FLOOR * max(abs(self.prediction), abs(self.base)), _TINY)
        return abs(total - change) / scale


@dataclass(frozen=True)
class Line:
    """A row and the baseline as the engine's inputs, [1, ...] in float32.

    Attributes:
        row, base: the two ends, by input of the engine.
        shapes: the shape of a row, by input of the call.
        moves: by input of the engine, how far each element of the call's row alone moves it, [elements, ...]; empty
            where the inputs of the engine are those of the call.
    """

    row: Tensors
    base: Tensors
    shapes: Mapping[str, tuple[int, ...]]
    moves: Tensors = field(default_factory=dict)

    def total(self, integral: Integral) -> float:
        """Return the sum of all attributions."""
        return sum(
            float(np.vdot(gradient, change))
            for gradient, change in zip(integral.gradients, self._changes.values(), strict=True)
        )

    def attributions(self, integral: Integral) -> dict[str, Array]:
        """Return the attribution of each element of the call's row, by input."""
        gradients = dict(zip(self.row, integral.gradients, strict=True))
        if not self.moves:
            return {name: (gradients[name] * self._changes[name])[0] for name in self.shapes}
        parts = [_flat(self.moves[name]) @ gradient.ravel() for name, gradient in gradients.items()]
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in self.shapes.values()])[:-1]
        split = np.split(np.sum(parts, axis=0), ends)
        return {name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), split, strict=True)}

    @cached_property
    def _changes(self) -> Tensors:
        """Return the row minus the baseline, float64, by input of the engine."""
        return {name: np.float64(array) - self.base[name] for name, array in self.row.items()}


def line_of(row: Tensors, base: Tensors, inputs: Sequence[str], program: BoundProgram | None) -> Line:
    """Return the line between two rows [1, ...] of a call.

    ``inputs`` are the engine's, which ``program`` computes. Raises Unexplained where the program does not treat each
    element of the row by itself, or makes numbers that are not finite.
    """
    shapes = {name: array.shape[1:] for name, array in row.items()}
    if program is None:
        return _finite(Line(_floats(row, inputs), _floats(base, inputs), shapes))
    variants = _variants(row, base)
    made = _floats(program.run(variants), inputs)
    first, last = ({name: array[part] for name, array in made.items()} for part in (slice(1), slice(-1, None)))
    line = _finite(Line(last, first, shapes, {name: array[1:-1] - array[:1] for name, array in made.items()}))
    for name, moves in line.moves.items():
        whole = line.row[name] - line.base[name]
        if not np.allclose(moves.sum(axis=0), whole[0], rtol=0, atol=_ROUNDING * np.abs(whole).max(initial=_TINY)):
            raise Unexplained("the preprocessing computes numbers from several columns together")
    return line


def _variants(row: Tensors, base: Tensors) -> dict[str, Array]:
    """Return the baseline, then with each element of the row alone, then the row."""
    count = sum(array.size for array in row.values())
    if count > _MOST:
        raise Unexplained(f"a row has {count:,} values before the preprocessing, and the limit is {_MOST:,}")
    variants, first = {}, 1
    for name, array in row.items():
        many = np.repeat(base[name], count + 2, axis=0)
        flat = many.reshape(count + 2, -1)
        flat[range(first, first + array.size), range(array.size)] = flat[-1] = array.ravel()
        variants[name] = many
        first += array.size
    return variants


def _floats(tensors: Tensors, names: Sequence[str]) -> dict[str, Array]:
    return {name: tensors[name].astype(np.float32) for name in names}


def _finite(line: Line) -> Line:
    for end in (line.row, line.base):
        if not all(np.isfinite(array).all() for array in end.values()):
            raise Unexplained("a row or the baseline holds a number that is missing or not finite")
    return line


def _flat(array: Array) -> Array:
    return array.reshape(len(array), -1).astype(np.float64)
