"""A boosted ensemble of any library, and its outputs in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightship.compiler.trees import Forest, arrange, total
from lightship.compiler.trees.thresholds import Ranking
from lightship.errors import SourceRefused
from lightship.tensors import Array

FEATURES = "features"
Method = Callable[[Any], Any]


class BrokenModel(SourceRefused):
    """A model file that its library did not write; the message is one sentence."""


@dataclass(frozen=True)
class Boosted:
    """Trees, and what turns their sums into predictions.

    Attributes:
        forest: a group of trees for each raw value, which is their sum times ``scale`` plus ``bias``.
        bias: float64 [groups].
        link: the function from raw values to predictions, a key of ``LINKS`` or of ``CLASSIFIERS``.
        bounds: the thresholds of each feature in the dtype of the comparison.
        names: names of the features; empty where the file has none.
        ranking: the ranks that the graph compares; None where it compares float32 values.
        slope: factor of raw values in a sigmoid.
        scale: 1, or the share of one tree in a mean.
    """

    forest: Forest
    bias: Array
    link: str
    bounds: tuple[Array, ...]
    names: tuple[str, ...] = ()
    ranking: Ranking | None = None
    slope: float = 1.0
    scale: float = 1.0

    @property
    def outputs(self) -> dict[str, str]:
        """Return the names of outputs by signature, the default signature first."""
        return dict(CLASSIFIERS.get(self.link, {"predict": "prediction"}))


_BOTH = {"predict_proba": "probabilities", "predict": "label"}
# Names of outputs by signature, for links of classifiers.
CLASSIFIERS: Mapping[str, Mapping[str, str]] = {
    "binary": _BOTH,
    "softmax": _BOTH,
    "one_vs_all": _BOTH,
    "largest": {"predict": "label"},
    "positive": {"predict": "label"},
}
# Objectives whose predictions are exponentials, logistic functions, …, of the raw values.
LINKS = ("identity", "exp", "sigmoid", "softplus", "square")


def methods(boosted: Boosted) -> dict[str, Method]:
    """Return a TensorFlow function of the graph's features for each signature."""
    raw = _raw(boosted)
    if boosted.link not in CLASSIFIERS:
        return {"predict": _regression(boosted, raw)}
    scores = _scores(boosted, raw)
    label = _labels(boosted, raw)
    return {name: scores if name == "predict_proba" else label for name in boosted.outputs}


def reference(boosted: Boosted, predicted: Array) -> dict[str, Array]:
    """Return the outputs of all signatures for what the library predicted."""
    if boosted.link not in CLASSIFIERS:
        return {"predict": predicted.astype(np.float32)}
    if predicted.ndim == 1 and boosted.link != "binary":
        return {"predict": predicted.astype(np.int64)}
    table = np.stack([1 - predicted, predicted], axis=1) if predicted.ndim == 1 else predicted
    return {"predict_proba": table.astype(np.float32), "predict": np.argmax(table, axis=1)}


def _raw(boosted: Boosted) -> Method:
    layout = arrange(boosted.forest)
    bias = boosted.bias.astype(np.float32)

    def raw(features: Any) -> Any:
        sums = total(layout, features)
        return (sums if boosted.scale == 1.0 else sums * boosted.scale) + bias

    return raw


def _scores(boosted: Boosted, raw: Method) -> Method:
    import tensorflow as tf

    if boosted.link == "softmax":
        return lambda features: tf.nn.softmax(raw(features))

    def binary(features: Any) -> Any:
        positive = tf.sigmoid(raw(features) * boosted.slope)
        return tf.concat([1.0 - positive, positive], axis=1) if boosted.link == "binary" else positive

    return binary


def _labels(boosted: Boosted, raw: Method) -> Method:
    import tensorflow as tf

    if boosted.link in {"binary", "positive"}:
        return lambda features: tf.cast(raw(features)[:, 0] > 0.0, tf.int64)
    return lambda features: tf.argmax(raw(features), axis=1)


def _regression(boosted: Boosted, raw: Method) -> Method:
    import tensorflow as tf

    functions: Mapping[str, Method] = {
        "identity": lambda values: values,
        "exp": tf.exp,
        "sigmoid": tf.sigmoid,
        "softplus": tf.math.softplus,
        "square": lambda values: values * tf.abs(values),
    }
    function = functions[boosted.link]
    if boosted.forest.groups == 1:
        return lambda features: function(raw(features))[:, 0]
    return lambda features: function(raw(features))
