"""SavedModel of a translated estimator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate.base import FEATURES, Translation
from lightship.tensors import Array, Signature, TensorSpec

# Names of outputs by method; that of predict depends on the kind of estimator.
_OUTPUTS: Mapping[str, str] = {"predict_proba": "probabilities", "decision_function": "scores", "transform": "features"}


class Graph:
    """The methods of an estimator as traced functions of TensorFlow."""

    def __init__(self, translation: Translation, columns: int, final: Any) -> None:
        import tensorflow as tf

        spec = tf.TensorSpec([None, columns], translation.dtype, name=FEATURES)
        self._classes = translation.classes
        self._functions = {
            method: tf.function(self._named(_output(method, final), method, function)).get_concrete_function(spec)
            for method, function in translation.methods.items()
        }

    def signatures(self, inputs: tuple[TensorSpec, ...]) -> tuple[Signature, ...]:
        """Return the signatures with the model's own inputs."""
        return tuple(
            Signature(method, inputs, tuple(self._spec(name, tensor) for name, tensor in outputs.items()))
            for method, function in self._functions.items()
            for outputs in [function.structured_outputs]
        )

    def run(self, method: str, features: Array) -> dict[str, Array]:
        """Return the outputs of a method for the graph's input."""
        import tensorflow as tf

        outputs = self._functions[method](tf.constant(features))
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    def save(self, folder: Path) -> None:
        """Write the SavedModel."""
        import tensorflow as tf

        tf.saved_model.save(tf.Module(), str(folder), signatures=dict(self._functions))

    def _named(self, output: str, method: str, function: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
        def call(features: Any) -> dict[str, Any]:
            import tensorflow as tf

            result = function(features)
            if method == "predict" and self._classes is not None:
                result = tf.gather(tf.constant(labels(self._classes)), result)
            return {output: result}

        return call

    def _spec(self, name: str, tensor: Any) -> TensorSpec:
        classes = () if name != "probabilities" or self._classes is None else class_names(self._classes)
        return TensorSpec(name, tensor.dtype.name, tuple(tensor.shape), classes=classes)


def _output(method: str, final: Any) -> str:
    from sklearn.base import is_clusterer, is_regressor

    if method != "predict":
        return _OUTPUTS[method]
    return "prediction" if is_regressor(final) else "cluster" if is_clusterer(final) else "label"


def class_names(classes: Array) -> tuple[str, ...]:
    """Return the names of classes: strings, or numbers as text."""
    return tuple(str(each) for each in np.asarray(classes).tolist())


def labels(classes: Array) -> Array:
    """Return classes in an output's dtype: string, int64, bool or float32."""
    array = np.asarray(classes)
    if array.dtype.kind in "US" or (array.dtype.kind == "O" and any(isinstance(each, str) for each in array)):
        found = np.empty(array.shape, np.object_)
        found.flat[:] = [str(each).encode() for each in array.ravel().tolist()]
        return found
    return as_output(array.astype(np.int64) if array.dtype.kind in "iu" else array)


def as_output(array: Array) -> Array:
    """Return a float array as float32, another one as it is."""
    return array.astype(np.float32) if array.dtype.kind in "fO" else array
