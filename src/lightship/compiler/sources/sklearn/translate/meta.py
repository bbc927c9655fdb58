"""Classifiers around other estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightship.compiler.sources.sklearn.translate import tensors
from lightship.compiler.sources.sklearn.translate.base import Nested, Translation, Untranslatable
from lightship.compiler.sources.traced import Method


def calibrated(model: Any, nested: Nested) -> Translation:
    """CalibratedClassifierCV: the mean of its calibrated classifiers."""
    import tensorflow as tf

    inner = [_inner(part.estimator, nested, model) for part in model.calibrated_classifiers_]
    parts = [_calibrated(part, each) for part, each in zip(model.calibrated_classifiers_, inner, strict=True)]

    def probabilities(x: Any) -> Any:
        return tf.add_n([part(x) for part in parts]) / float(len(parts))

    methods = {"predict_proba": probabilities, "predict": tensors.largest(probabilities)}
    return Translation(methods, classes=model.classes_, examples=inner[0].examples)


def one_vs_rest(model: Any, nested: Nested) -> Translation:
    """OneVsRestClassifier: one estimator per class."""
    import tensorflow as tf

    if model.multilabel_:
        raise Untranslatable("OneVsRestClassifier of several labels per row cannot be compiled")
    inner = [_inner(estimator, nested, model) for estimator in model.estimators_]
    scored = all("decision_function" in part.methods for part in inner)
    scores = [_score(part) for part in inner]

    def stacked(methods: list[Method]) -> Method:
        return lambda x: tf.stack([method(x) for method in methods], axis=1)

    methods: dict[str, Method] = {}
    if all("predict_proba" in part.methods for part in inner):
        second = [_second(part.methods["predict_proba"]) for part in inner]
        methods["predict_proba"] = tensors.complemented(second[0]) if len(second) == 1 else _divided(stacked(second))
    if scored:
        methods["decision_function"] = scores[0] if len(scores) == 1 else stacked(scores)
    methods["predict"] = (
        tensors.above(scores[0], 0.0 if scored else 0.5) if len(scores) == 1 else tensors.largest(stacked(scores))
    )
    return Translation(methods, classes=model.classes_, examples=inner[0].examples)


def _inner(estimator: Any, nested: Nested, outer: Any) -> Translation:
    part = nested(estimator)
    if part.program is not None or part.classes is None:
        raise Untranslatable(
            f"{type(outer).__name__} of {type(estimator).__name__} cannot be compiled: the estimators inside must be "
            "classifiers that compute in float32"
        )
    return part


def _second(method: Method) -> Method:
    return lambda x: method(x)[:, 1]


def _score(part: Translation) -> Method:
    """Return the decision function, or the probability of the second class."""
    return part.methods.get("decision_function") or _second(part.methods["predict_proba"])


def _divided(method: Method) -> Method:
    """Return rows divided by their sum; rows of zeros stay."""
    import tensorflow as tf

    return lambda x: tf.math.divide_no_nan(method(x), tf.reduce_sum(method(x), axis=1, keepdims=True))


def _calibrated(part: Any, inner: Translation) -> Method:
    """Return the probabilities of one calibrated classifier."""
    import tensorflow as tf

    if part.method not in ("sigmoid", "isotonic"):
        raise Untranslatable(f"CalibratedClassifierCV with method={part.method!r:.40} cannot be compiled")
    if len(part.classes) == 2:
        return tensors.complemented(_calibrator(part.calibrators[0], _score(inner)))
    values = inner.methods.get("decision_function") or inner.methods["predict_proba"]
    if list(part.estimator.classes_) != list(part.classes):
        raise Untranslatable("CalibratedClassifierCV cannot be compiled where a fold lacks a class: use fewer folds")
    columns = [_calibrator(each, _column(values, index)) for index, each in enumerate(part.calibrators)]
    return tensors.normalised(lambda x: tf.stack([column(x) for column in columns], axis=1))


def _column(method: Method, index: int) -> Method:
    return lambda x: method(x)[:, index]


def _calibrator(calibrator: Any, scores: Method) -> Method:
    """Return the calibrated values [rows] of scores [rows]."""
    import tensorflow as tf

    if type(calibrator).__name__ == "_SigmoidCalibration":
        slope, offset = tensors.constant(calibrator.a_), tensors.constant(calibrator.b_)
        return lambda x: tf.sigmoid(-(slope * scores(x) + offset))
    bounds, values = np.asarray(calibrator.X_thresholds_), np.asarray(calibrator.y_thresholds_)
    starts, widths, heights = map(tensors.constant, (bounds[:-1], np.diff(bounds), np.diff(values)))

    def interpolated(x: Any) -> Any:
        shares = tf.clip_by_value((tf.expand_dims(scores(x), 1) - starts) / widths, 0.0, 1.0)
        return tensors.constant(values[0]) + tf.reduce_sum(shares * heights, axis=1)

    return interpolated
