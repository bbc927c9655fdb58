"""Features of a row: what an explanation attributes values to.

A feature is a column of a table, a patch of an image or another tensor, a word of a text, or an item of a list. A row
with some features absent has the baseline's values in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lightship.bundle import Bundle
from lightship.calls import Attributed
from lightship.errors import InvalidInput
from lightship.explain.features.baseline import baseline_of
from lightship.explain.features.columns import Columns
from lightship.explain.features.items import Items
from lightship.explain.features.part import Part
from lightship.explain.features.patches import Patches
from lightship.explain.features.words import Words
from lightship.inputs import kind_of
from lightship.inputs.kind import Feature
from lightship.tensors import Array, Signature, TensorSpec


@dataclass(frozen=True)
class Row:
    """The features of one row: those of each of its inputs, in order."""

    parts: Mapping[str, Part]

    @property
    def count(self) -> int:
        """Return the number of features."""
        return sum(part.count for part in self.parts.values())

    @property
    def tabular(self) -> bool:
        """Return whether every feature is a column."""
        return all(isinstance(part, Columns) for part in self.parts.values())

    @property
    def numeric(self) -> bool:
        """Return whether no feature is a word or an item."""
        return not any(isinstance(part, Words | Items) for part in self.parts.values())

    @property
    def blocks(self) -> Array:
        """Return the index of each feature's block: its neighbours and itself."""
        found, first = [], 0
        for part in self.parts.values():
            found.append(part.blocks + first)
            first = int(found[-1].max(initial=first - 1)) + 1
        return np.concatenate(found)

    @property
    def differs(self) -> Array:
        """Return for each feature whether its value is not that of the baseline."""
        return np.concatenate([part.differs for part in self.parts.values()])

    def inputs(self, present: Array) -> dict[str, Array]:
        """Return one row of each input for each set of features.

        ``present`` is [sets, features], true where the row has the feature.
        """
        return {name: part.fill(mask) for name, part, mask in self._each(present)}

    def pooled(self, values: Mapping[str, Array]) -> Array:
        """Return the sum of each feature's elements of arrays of the rows' shapes."""
        return np.concatenate([part.pooled(values[name]) for name, part in self.parts.items()])

    def named(self, values: Array) -> dict[str, Attributed]:
        """Return one value per feature by the names of columns, and of other inputs."""
        found: dict[str, Attributed] = {}
        for owner, part, own in self._each(values):
            for name, value in part.named(own).items():
                found[f"{owner}.{name}" if name in found else name] = value
        return found

    def _each(self, values: Array) -> Iterator[tuple[str, Part, Array]]:
        ends = np.cumsum([part.count for part in self.parts.values()])[:-1]
        for (name, part), own in zip(self.parts.items(), np.split(values, ends, axis=-1), strict=True):
            yield name, part, own


def rows_of(bundle: Bundle, signature: Signature, inputs: Mapping[str, Array]) -> Iterable[Row]:
    """Yield the rows of a call with their features.

    Raises InvalidInput where an input has none.
    """
    if not signature.inputs:
        raise InvalidInput("the model has no inputs, so there is nothing to explain")
    counts = [len(inputs[spec.name]) for spec in signature.inputs if spec.batched]
    columns = {spec: kind_of(spec).column_features(spec) for spec in signature.inputs}
    for index in range(counts[0] if counts else 1):
        own = {spec: inputs[spec.name][index] if spec.batched else inputs[spec.name] for spec in signature.inputs}
        yield Row({spec.name: _part(bundle, signature, spec, row, columns[spec]) for spec, row in own.items()})


def _part(
    bundle: Bundle, signature: Signature, spec: TensorSpec, row: Array, features: tuple[Feature, ...] | None
) -> Part:
    """Return the features of one input of a row, which are its columns if it has any."""
    kind, row = kind_of(spec), np.asarray(row, spec.numpy)
    if kind.reads_words(spec) and (features is None or len(signature.inputs) == 1):
        return Words(spec.name, row)
    if (names := kind.item_names(row, spec)) is not None:
        return Items(spec.name, row, kind.blank(row, spec), names)
    if features is not None:
        return Columns(features, row, baseline_of(bundle, signature)[spec.name])
    if spec.numpy.kind == "O":
        raise InvalidInput(f"it is {spec}, which explanations do not support", input=spec.name)
    return Patches(spec.name, row, kind.blank(row, spec))
