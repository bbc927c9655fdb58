"""The validated model of a boosted ensemble, and the outputs of its signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lightship.compiler.sources.traced import PROBABILITIES, Method
from lightship.compiler.trees import Ensemble, Predictor
from lightship.compiler.trees.thresholds import Ranking
from lightship.errors import SourceRefused
from lightship.tensors import Array

MOST_FEATURES = 1_000_000

# Names of outputs by signature, the default signature first.
VALUES: Mapping[str, str] = {"predict": "prediction"}
CLASSES: Mapping[str, str] = {"predict": "label"}
CLASSES_AND_PROBABILITIES: Mapping[str, str] = {"predict_proba": PROBABILITIES, "predict": "label"}


class BrokenModel(SourceRefused):
    """A model file that its library did not write; the message is one sentence."""


@dataclass(frozen=True)
class Boosted:
    """A validated model.

    Attributes:
        ensemble: its trees.
        outputs: VALUES, CLASSES or CLASSES_AND_PROBABILITIES: what the library predicts.
        bounds: the thresholds of each feature in the dtype of the comparison.
        names: names of the features; empty where the file has none.
        booleans: names of the features that were booleans in training, where the file has types.
        ranking: the ranks that the graph compares; None where it compares float32 values.
    """

    ensemble: Ensemble
    outputs: Mapping[str, str]
    bounds: tuple[Array, ...]
    names: tuple[str, ...] = ()
    booleans: frozenset[str] = frozenset()
    ranking: Ranking | None = None

    @property
    def columns(self) -> int:
        """Return the number of features."""
        return self.ensemble.forest.columns


def methods(boosted: Boosted) -> dict[str, tuple[str, Method]]:
    """Return the output and the TensorFlow function of each signature."""
    predictor = Predictor(boosted.ensemble)
    functions: Mapping[str, Method] = {
        "prediction": predictor.predictions,
        PROBABILITIES: predictor.probabilities,
        "label": predictor.class_positions,
    }
    return {name: (output, functions[output]) for name, output in boosted.outputs.items()}


def reference(boosted: Boosted, predicted: Array) -> dict[str, Array]:
    """Return the output of each signature for what the library predicted."""
    if boosted.outputs == VALUES:
        return {"predict": predicted.astype(np.float32)}
    if boosted.outputs == CLASSES:
        return {"predict": predicted.astype(np.int64)}
    table = np.stack([1 - predicted, predicted], axis=1) if predicted.ndim == 1 else predicted
    return {"predict_proba": table.astype(np.float32), "predict": np.argmax(table, axis=1)}
