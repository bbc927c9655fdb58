"""Ensembles of trees: scores, which are sums of leaves, and predictions from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lightship.compiler.trees.forest import Forest
from lightship.compiler.trees.graph import total
from lightship.compiler.trees.layout import arrange
from lightship.tensors import Array

# "step" is 1 for positive scores, else 0; "signed_square" has the sign of the score.
Activation = Literal["identity", "exp", "sigmoid", "softplus", "softmax", "signed_square", "step"]


@dataclass(frozen=True)
class Ensemble:
    """Trees, and the function from their scores to a prediction.

    Attributes:
        forest: the trees. The raw scores are the sums of their leaves, divided by ``divisor``, plus ``bias``.
        bias: float64 [outputs], the raw scores without trees; None for zeros.
        activation: the function from raw scores to predictions: the inverse of the link function.
        slope: factor of the raw scores in a sigmoid.
        divisor: the number of trees of each group where the raw scores are means, else 1.
        at_zero: the class of a binary classifier where the raw score is 0.
    """

    forest: Forest
    bias: Array | None = None
    activation: Activation = "identity"
    slope: float = 1.0
    divisor: int = 1
    at_zero: int = 0

    @property
    def outputs(self) -> int:
        """Return the number of raw scores of a row."""
        return self.forest.groups * int(self.forest.values.shape[1])


class Predictor:
    """An ensemble as TensorFlow functions of features [rows, columns].

    Raises InvalidForest.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble, self._layout = ensemble, arrange(ensemble.forest)
        self._single = ensemble.outputs == 1

    def scores(self, features: Any) -> Any:
        """Return the raw scores [rows, outputs]."""
        sums, ensemble = total(self._layout, features), self._ensemble
        means = sums if ensemble.divisor == 1 else sums / ensemble.divisor
        return means if ensemble.bias is None else means + ensemble.bias.astype(np.float32)

    def decisions(self, features: Any) -> Any:
        """Return the raw scores; [rows] of one output."""
        return self._flat(self.scores(features))

    def predictions(self, features: Any) -> Any:
        """Return the predicted values [rows, outputs]; [rows] of one output."""
        return self._flat(self._activated(features))

    def probabilities(self, features: Any) -> Any:
        """Return probabilities [rows, classes]; one output is the second class."""
        import tensorflow as tf

        shares = self._activated(features)
        return tf.concat([1.0 - shares, shares], axis=1) if self._single else shares

    def class_positions(self, features: Any) -> Any:
        """Return the positions of the predicted classes, int64 [rows]."""
        import tensorflow as tf

        if not self._single:
            return tf.argmax(self.scores(features), axis=1)
        scores = self.decisions(features)
        return tf.cast(scores >= 0.0 if self._ensemble.at_zero else scores > 0.0, tf.int64)

    def _flat(self, values: Any) -> Any:
        return values[:, 0] if self._single else values

    def _activated(self, features: Any) -> Any:
        import tensorflow as tf

        functions: Mapping[Activation, Callable[[Any], Any]] = {
            "identity": tf.identity,
            "exp": tf.exp,
            "sigmoid": lambda scores: tf.sigmoid(scores * self._ensemble.slope),
            "softplus": tf.math.softplus,
            "softmax": tf.nn.softmax,
            "signed_square": lambda scores: scores * tf.abs(scores),
            "step": lambda scores: tf.cast(scores > 0.0, tf.float32),
        }
        return functions[self._ensemble.activation](self.scores(features))
