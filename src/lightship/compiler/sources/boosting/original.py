"""A boosted ensemble in its own library: the reference for the compiled graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lightship.compiler.hints import Hint
from lightship.compiler.sources.boosting.model import Boosted, methods, reference
from lightship.compiler.sources.traced import FEATURES, Graph, ModelFile, TracedOriginal
from lightship.compiler.trees.examples import neighbours, without_ties
from lightship.engines.causes import translated
from lightship.errors import EngineError
from lightship.inputs import gaps
from lightship.tensors import Array, Signature, TensorSpec


@dataclass(frozen=True)
class Library:
    """The library that saved a model.

    Attributes:
        calls: ways to predict features [rows, columns], by their names; the first is the reference.
        dtype: the dtype in which the library compares features.
    """

    calls: Mapping[str, Callable[[Array], Any]]
    dtype: str


class BoostedOriginal(TracedOriginal):
    """Boosted trees with a signature for each kind of prediction."""

    def __init__(self, boosted: Boosted, library: Library, file: ModelFile) -> None:
        graph = Graph(methods(boosted), boosted.columns, dtype="int32" if boosted.ranking else "float32")
        program = boosted.ranking.program(FEATURES) if boosted.ranking else None
        super().__init__(file, graph, (_features(boosted, library.dtype),), program)
        self.subject, self._predict = next(iter(library.calls.items()))
        self._boosted, self._library = boosted, library
        self.additive = boosted.ensemble

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the library's prediction; floats as float32."""
        try:
            predicted = np.asarray(self._predict(inputs[FEATURES]))
        except Exception as error:  # XGBoostError, LightGBMError and ValueError
            raise translated(EngineError, f"{self.subject} could not run this input", error) from None
        return {self._boosted.outputs[signature]: reference(self._boosted, predicted)[signature]}

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """Return the library's ways to predict."""
        return {name: partial(call, inputs[FEATURES]) for name, call in self._library.calls.items()}

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return rows at and beside the thresholds, without ties between classes."""
        rows = neighbours(self._boosted.bounds, self._library.dtype, missing=True)
        if "predict_proba" in self._boosted.outputs:
            rows = without_ties(rows, reference(self._boosted, np.asarray(self._predict(rows)))["predict_proba"])
        return {FEATURES: Hint(rows=rows)} if len(rows) else {}


def _features(boosted: Boosted, dtype: str) -> TensorSpec:
    named = len(set(boosted.names)) == boosted.columns
    kind = gaps.table(boosted.names, boosted.names, boosted.booleans) if named else gaps.NUMBERS
    return TensorSpec(FEATURES, dtype, (None, boosted.columns), kind=kind)
