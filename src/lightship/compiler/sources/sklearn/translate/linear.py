"""Linear models: one matrix product."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.additive import Coefficients
from lightship.compiler.sources.sklearn.translate import tensors
from lightship.compiler.sources.sklearn.translate.base import Nested, Translation, Untranslatable
from lightship.compiler.sources.traced import Method
from lightship.compiler.trees import Activation
from lightship.tensors import Array


def regressor(model: Any, _: Nested) -> Translation:
    """Models whose prediction is ``x @ coef + intercept``."""
    coefficients = np.asarray(model.coef_, np.float64)
    product = tensors.affine(np.atleast_2d(coefficients).T, model.intercept_)
    methods = {"predict": product if coefficients.ndim == 2 else tensors.flat(product)}
    return Translation(methods, additive=_additive(model))


def logistic(model: Any, _: Nested) -> Translation:
    """LogisticRegression and LogisticRegressionCV."""
    before = getattr(model, "multi_class", "auto")
    if before not in ("auto", "deprecated", "warn", "multinomial" if len(model.classes_) > 2 else "ovr"):
        raise Untranslatable(
            f"LogisticRegression with multi_class='{before}' computes other probabilities in this version of "
            "scikit-learn: fit it again, within OneVsRestClassifier for one model per class"
        )
    scores = _scores(model)
    if len(model.classes_) > 2:
        return _classifier(model, scores, tensors.softmax(scores), _additive(model, "softmax"))
    return _classifier(model, scores, tensors.complemented(_sigmoid(scores)), _additive(model, "sigmoid"))


def scored(model: Any, _: Nested) -> Translation:
    """Classifiers with scores and without probabilities."""
    if getattr(model, "classes_", None) is None or np.ndim(model.classes_) != 1:
        raise Untranslatable(f"{type(model).__name__} of several labels per row cannot be compiled")
    return _classifier(model, _scores(model), None, _additive(model))


def sgd(model: Any, _: Nested) -> Translation:
    """SGDClassifier, with probabilities for log_loss and modified_huber."""
    scores, binary = _scores(model), len(model.classes_) == 2
    if model.loss == "log_loss":
        shares = _sigmoid(scores)
    elif model.loss == "modified_huber":
        shares = _huber(scores)
    else:
        return _classifier(model, scores, None, _additive(model))
    additive = _additive(model, "sigmoid") if binary and model.loss == "log_loss" else None
    return _classifier(model, scores, tensors.complemented(shares) if binary else tensors.normalised(shares), additive)


def one_class(model: Any, _: Nested) -> Translation:
    """SGDOneClassSVM: 1 for inliers, -1 for outliers."""
    import tensorflow as tf

    scores = tensors.flat(tensors.affine(np.reshape(model.coef_, (-1, 1)), -np.asarray(model.offset_)))

    def predict(x: Any) -> Any:
        return tf.where(scores(x) >= 0.0, tf.constant(1, tf.int64), tf.constant(-1, tf.int64))

    return Translation({"decision_function": scores, "predict": predict})


def _scores(model: Any) -> Method:
    """Return the decision function: [rows] of two classes, else [rows, classes]."""
    product = tensors.affine(np.atleast_2d(model.coef_).T, model.intercept_)
    return product if np.atleast_2d(model.coef_).shape[0] > 1 else tensors.flat(product)


def _sigmoid(scores: Method) -> Method:
    import tensorflow as tf

    return lambda x: tf.sigmoid(scores(x))


def _huber(scores: Method) -> Method:
    import tensorflow as tf

    return lambda x: (tf.clip_by_value(scores(x), -1.0, 1.0) + 1.0) / 2.0


def _additive(model: Any, activation: Activation = "identity") -> Coefficients:
    weights = np.atleast_2d(np.asarray(model.coef_, np.float64)).T
    intercept = np.broadcast_to(np.asarray(model.intercept_, np.float64).ravel(), (weights.shape[1],))
    return Coefficients(weights, intercept, activation)


def _classifier(model: Any, scores: Method, probabilities: Method | None, additive: Coefficients | None) -> Translation:
    several = np.atleast_2d(model.coef_).shape[0] > 1
    predict = tensors.largest(scores) if several else tensors.above(scores, 0.0)
    found = {"decision_function": scores, "predict": predict}
    if probabilities:
        found = {"predict_proba": probabilities, "predict": predict, "decision_function": scores}
    return Translation(found, classes=model.classes_, examples=_around_bounds(model), additive=additive)


def _around_bounds(model: Any) -> Array:
    """Return rows with scores of the size of 1, near the bounds between classes."""
    weights = np.atleast_2d(np.asarray(model.coef_, np.float64))
    rng = np.random.default_rng(len(weights))
    rows = rng.standard_normal((32, weights.shape[1]))
    wanted = 2.0 * rng.standard_normal((32, len(weights)))
    return np.asarray(rows + (wanted - rows @ weights.T - model.intercept_) @ np.linalg.pinv(weights, rcond=1e-3).T)
