"""Multilayer perceptrons."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate import tensors
from lightship.compiler.sources.sklearn.translate.base import Nested, Translation, Untranslatable
from lightship.compiler.sources.traced import Method


def classifier(model: Any, _: Nested) -> Translation:
    """MLPClassifier, of one label per row."""
    if model.out_activation_ == "softmax":
        outputs = _layers(model)
        methods = {"predict_proba": tensors.softmax(outputs), "predict": tensors.largest(outputs)}
        return Translation(methods, classes=model.classes_)
    if len(model.classes_) != 2 or model.n_outputs_ != 1:
        raise Untranslatable("MLPClassifier of several labels per row cannot be compiled")
    second = _activated(tensors.flat(_layers(model)), "logistic")
    methods = {"predict_proba": tensors.complemented(second), "predict": tensors.above(second, 0.5)}
    return Translation(methods, classes=model.classes_)


def regressor(model: Any, _: Nested) -> Translation:
    """MLPRegressor."""
    outputs = _layers(model)
    if model.out_activation_ != "identity":
        raise Untranslatable(f"MLPRegressor with the loss {getattr(model, 'loss', '')!r:.40} cannot be compiled")
    return Translation({"predict": tensors.flat(outputs) if model.n_outputs_ == 1 else outputs})


def _layers(model: Any) -> Method:
    """Return the outputs before their activation."""
    pairs = list(zip(model.coefs_, model.intercepts_, strict=True))
    products = [tensors.affine(np.asarray(weights), offsets) for weights, offsets in pairs]

    def outputs(x: Any) -> Any:
        for index, product in enumerate(products):
            x = _activated(product, model.activation)(x) if index < len(products) - 1 else product(x)
        return x

    return outputs


def _activated(method: Method, activation: str) -> Method:
    import tensorflow as tf

    functions = {"identity": tf.identity, "logistic": tf.sigmoid, "tanh": tf.tanh, "relu": tf.nn.relu}
    return lambda x: functions[activation](method(x))
