"""The explained number: one element of one output, for each row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lightship.errors import InvalidInput, NotFound
from lightship.tensors import Array, Signature, TensorSpec
from lightship.tensors.specs import SCORE

_LISTED = 20  # classes in a message


@dataclass(frozen=True)
class Target:
    """One number in each row of an output: ``offset + sign * row[element]``.

    Of two classes in a single column, the first one's probability is one minus the second one's, and its logit is the
    opposite number.

    Attributes:
        spec: the output.
        element: position in a row.
        name: the class name, the index, or None where the output is one number.
    """

    spec: TensorSpec
    element: int
    name: str | int | None
    sign: float = 1.0
    offset: float = 0.0

    def of(self, outputs: Mapping[str, Array]) -> Array:
        """Return the number of each row as float64."""
        numbers: Array = self.offset + self.sign * rows_of(outputs[self.spec.name], self.spec)[:, self.element]
        return numbers

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of the outputs that :meth:`of` needs."""
        return (self.spec.name,)


@dataclass(frozen=True, kw_only=True)
class RankedTarget(Target):
    """The score of one item, wherever a variant of the row ranks it.

    An item that is not ranked has the lowest score of the ranked ones, which is at least its own.

    Attributes:
        ranking: the output with the indices of the ranked items.
        item: the index of the item.
    """

    ranking: TensorSpec
    item: int

    def of(self, outputs: Mapping[str, Array]) -> Array:
        """See :class:`Target`."""
        scores, items = rows_of(outputs[self.spec.name], self.spec), rows_of(outputs[self.ranking.name], self.ranking)
        lowest = np.where(items >= 0, scores, np.inf).min(axis=1)
        found = items == self.item
        numbers: Array = np.where(found.any(axis=1), np.where(found, scores, -np.inf).max(axis=1), lowest)
        return numbers

    @property
    def outputs(self) -> tuple[str, ...]:
        """See :class:`Target`."""
        return (self.spec.name, self.ranking.name)


def explained_output(signature: Signature, wanted: Sequence[str]) -> TensorSpec:
    """Return the output that a call asks for, by default the first one of floats.

    Raises NotFound or InvalidInput.
    """
    if len(wanted) > 1:
        raise InvalidInput(f"an explanation is of one output, and {len(wanted)} are named: {', '.join(wanted)[:200]}")
    specs = {spec.name: spec for spec in signature.outputs}
    if wanted and wanted[0] not in specs:
        raise NotFound(f"there is no output '{wanted[0][:80]}': the outputs are {', '.join(specs)}")
    named = [specs[specs[name].scores or name] for name in wanted] or list(signature.outputs)
    spec = next((spec for spec in named if spec.numpy.kind == "f"), None)
    if spec is None:
        described = ", ".join(f"'{spec.name}' ({spec})" for spec in named)
        raise InvalidInput(f"only outputs of floating-point numbers are explained, not {described[:300]}")
    return spec


def targets_of(spec: TensorSpec, array: Array, wanted: str | int | None) -> list[Target]:
    """Return the explained number of each row of an output.

    ``wanted`` is a class name or an index; None is each row's likeliest class, largest number or best score of boxes.
    Raises InvalidInput.
    """
    table = rows_of(array, spec)
    if spec.boxes:
        if wanted is not None:
            raise InvalidInput(f"of the boxes '{spec.name}' the best score is explained, without a target")
        best = _largest(table[:, SCORE :: spec.boxes.width]).tolist()
        return [Target(spec, index * spec.boxes.width + SCORE, "score") for index in best]
    pair = table.shape[1] == 1 and len(spec.classes) == 2
    if table.shape[1] == 1 and not pair:
        if wanted is not None:
            raise InvalidInput(f"the output '{spec.name}' is one number per row: it is explained without a target")
        return [Target(spec, 0, None)] * len(table)
    count = 2 if pair else table.shape[1]
    if wanted is not None:
        return [_target(spec, _index(spec, count, wanted), pair=pair)] * len(table)
    indices = table[:, 0] > (0 if spec.from_logits else 0.5) if pair else _largest(table)
    return [_target(spec, int(index), pair=pair) for index in indices]


def ranking_of(signature: Signature, scores: TensorSpec) -> TensorSpec | None:
    """Return the output whose names an output of scores belongs to; None without."""
    return next((spec for spec in signature.outputs if spec.scores == scores.name), None)


def ranked_targets(
    spec: TensorSpec, ranking: TensorSpec, outputs: Mapping[str, Array], wanted: str | int | None
) -> list[Target]:
    """Return the explained item of each row of a ranking.

    ``wanted`` is its position from 0, or its name; None is the first one of each row. Raises InvalidInput.
    """
    return [_ranked(spec, ranking, row, wanted) for row in rows_of(outputs[ranking.name], ranking).astype(int)]


def _ranked(spec: TensorSpec, ranking: TensorSpec, row: Array, wanted: str | int | None) -> Target:
    names = ranking.names.of(row) if ranking.names else []
    text = "0" if wanted is None else str(wanted)
    is_position = text.isascii() and text.isdecimal() and len(text) < 10
    position = names.index(text) if text in names else int(text) if is_position else -1
    if not 0 <= position < len(names) or names[position] is None:
        listed = ", ".join(str(name) for name in names[:_LISTED] if name is not None) or "none"
        raise InvalidInput(f"'{text[:80]}' is not ranked: the target must be one of {listed}, or a position from 0")
    return RankedTarget(spec, position, names[position], ranking=ranking, item=int(row[position]))


def names_of(spec: TensorSpec, most: int) -> list[str | int]:
    """Return what can be named as a target: classes, or indices without class names.

    There are at most ``most``, and none where a row is one number, of any size or boxes.
    """
    if spec.boxes or None in spec.row_shape:
        return []
    count = math.prod(size or 0 for size in spec.row_shape)
    if count == 1:
        return list(spec.classes) if len(spec.classes) == 2 else []
    names = [*spec.classes[: min(count, most)]]
    return [*names, *range(len(names), min(count, most))]


def rows_of(array: Array, spec: TensorSpec) -> Array:
    """Return an output as float64 [rows, numbers].

    It is one row where it has no batch dimension.
    """
    return np.asarray(array, np.float64).reshape(len(array) if spec.batched else 1, -1)


def _largest(table: Array) -> Array:
    """Return the position of the largest number of each row, of which NaN is none."""
    indices: Array = np.where(np.isnan(table), -np.inf, table).argmax(axis=1)
    return indices


def _target(spec: TensorSpec, index: int, *, pair: bool) -> Target:
    name = spec.classes[index] if index < len(spec.classes) else index
    if not pair:
        return Target(spec, index, name)
    return Target(spec, 0, name) if index else Target(spec, 0, name, -1.0, 0.0 if spec.from_logits else 1.0)


def _index(spec: TensorSpec, count: int, wanted: str | int) -> int:
    if isinstance(wanted, str) and wanted in spec.classes:
        return spec.classes.index(wanted)
    text = str(wanted)
    if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) < count:
        return int(text)
    names = ", ".join(spec.classes[:_LISTED]) + (", …" if len(spec.classes) > _LISTED else "")
    expected = f"a class ({names}) or an index" if names else "an index"
    raise InvalidInput(f"there is no target '{text[:80]}': it must be {expected} from 0 to {count - 1}")
