"""Exact explanations: TreeSHAP for trees, coefficients for linear models.

The compiler writes the trees or coefficients into ``assets/explain.npz``. A prediction does not read them.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lightship.bundle import EXACT, Bundle
from lightship.engines.preprocessed import programs_of
from lightship.errors import BundleError, InvalidInput, TooLarge
from lightship.explain.attribution import Attribution, CheckTime, Query, Tensors, Unexplained, unlimited
from lightship.explain.exact.entry import COEFFICIENTS, TREE_SHAP, Entry
from lightship.explain.exact.linear import Linear
from lightship.explain.exact.stored import stored
from lightship.explain.exact.trees import Trees
from lightship.preprocessing.program import BoundProgram
from lightship.tensors import Array

__all__ = ["COEFFICIENTS", "TREE_SHAP", "Entry", "Exact", "Linear", "Scores", "Trees"]


class Scores(Protocol):
    """A model that is a sum: raw scores of features [rows, features]."""

    @property
    def outputs(self) -> int:
        """Return the number of raw scores of a row."""
        ...

    def scores(self, features: Array) -> Array:
        """Return the raw scores, float64 [rows, outputs]."""
        ...

    def effects(self, features: Array, output: int, check_time: CheckTime = unlimited) -> tuple[float, Array]:
        """Return the base and the contributions [rows, features] to one raw score.

        They add up to the score.
        """
        ...


class Exact:
    """The exact explanation of a bundle's default signature; thread-safe.

    ``owners`` are, for each feature, the position of the element of a row from which it is computed. The elements of
    all inputs are numbered in the order of the signature.
    """

    def __init__(self, entry: Entry, model: Scores, owners: Array, program: BoundProgram | None) -> None:
        self._entry, self._model, self._owners, self._program = entry, model, owners, program

    @classmethod
    def load(cls, bundle: Bundle) -> Exact:
        """Read the trees or coefficients of a bundle; raises BundleError.

        Raises Unexplained with the reason where the bundle has none.
        """
        entry, model, owners = stored(bundle)
        _check_size(model)
        program = programs_of(bundle).get(bundle.manifest.signatures[0].name)
        return cls(entry, model, owners, program.bind() if program else None)

    def explains(self, output: str) -> bool:
        """Return whether it explains an output."""
        return output == self._entry.output

    def explain(self, query: Query) -> Attribution:
        """Return the attributions of one number.

        The baseline is not used, because the training rows, or the recorded ones, are it. The time is checked before
        each block of trees. Raises Unexplained for another output, InvalidInput or EngineError.
        """
        score, sign = self._score(query.output, query.number)
        features = self.features(query.row)
        with np.errstate(over="ignore", invalid="ignore"):
            base, (effects,) = self._model.effects(features, score, query.check_time)
            base, effects = sign * base, sign * effects
            prediction = base + float(effects.sum())
        if not (np.isfinite(effects).all() and np.isfinite(prediction)):
            raise InvalidInput("the row holds a number that is missing, not finite or too large to be explained")
        values = self._by_input(query.row, effects)
        return Attribution(self._entry.method, values, base, prediction, 0.0, 0, self._entry.scale)

    def features(self, rows: Tensors) -> Array:
        """Return what the model computes from rows: [rows, features].

        Raises BundleError where they are not those of the trees or coefficients.
        """
        made = self._program.run(rows) if self._program else rows
        (features,) = made.values()
        features = features.reshape(len(features), -1)
        if features.shape[1] != len(self._owners):
            raise BundleError(f"the bundle's {EXACT} has {len(self._owners)} features, its model {features.shape[1]}")
        return features

    def scores(self, rows: Tensors) -> Array:
        """Return the raw scores [rows, outputs]."""
        return self._model.scores(self.features(rows))

    def _score(self, output: str, number: int) -> tuple[int, float]:
        """Return the raw score of a number of the output, and its sign."""
        entry, count = self._entry, self._model.outputs
        if output != entry.output or not 0 <= number < entry.numbers:
            raise Unexplained(f"the bundle explains the output '{entry.output}'")
        return (number, 1.0) if entry.numbers == count else (0, 1.0 if number else -1.0)

    def _by_input(self, row: Tensors, effects: Array) -> Tensors:
        """Return the sums of the features' effects by the elements of the inputs."""
        sizes = [array.size for array in row.values()]
        elements = np.bincount(self._owners, effects, minlength=sum(sizes))
        parts = np.split(elements, np.cumsum(sizes)[:-1])
        return {name: part.reshape(array.shape[1:]) for (name, array), part in zip(row.items(), parts, strict=True)}


def _check_size(model: Scores) -> None:
    """Raise BundleError for trees beyond the limits of explanations."""
    if isinstance(model, Trees):
        try:
            model.paths  # noqa: B018 - arranged once, here
        except TooLarge as error:
            raise BundleError(f"the bundle's {EXACT} is too large: {error.message}") from None
