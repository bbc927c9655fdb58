"""Outputs of an estimator's methods: their names, and values in a tensor's dtype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.plan import Plan
from lightship.compiler.sources.traced import FEATURES, PROBABILITIES, Graph, Method
from lightship.tensors import Array

# Names of outputs by method; that of predict depends on the kind of estimator.
_OUTPUTS: Mapping[str, str] = {"predict_proba": PROBABILITIES, "decision_function": "scores", "transform": FEATURES}


def graph_of(plan: Plan, model: Any) -> Graph:
    """Return the traced methods of a translated model."""
    translation = plan.translation
    classes = () if translation.classes is None else class_names(translation.classes)
    methods = {name: (_output(name, model), method) for name, method in translation.methods.items()}
    if translation.classes is not None and "predict" in methods:
        output, positions = methods["predict"]
        methods["predict"] = (output, _labelled(positions, labels(translation.classes)))
    return Graph(methods, plan.width, dtype=translation.dtype, classes=classes)


def _output(method: str, model: Any) -> str:
    from sklearn.base import is_clusterer, is_regressor

    if method != "predict":
        return _OUTPUTS[method]
    return "prediction" if is_regressor(model) else "cluster" if is_clusterer(model) else "label"


def _labelled(positions: Method, classes: Array) -> Method:
    """Return the function to classes of the function to their positions."""
    import tensorflow as tf

    return lambda features: tf.gather(tf.constant(classes), positions(features))


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
