"""Types of translators: a fitted estimator's methods as TensorFlow functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lightship.compiler.sources.additive import Additive
from lightship.compiler.sources.traced import Method
from lightship.errors import SourceRefused
from lightship.preprocessing import Program
from lightship.tensors import Array


@dataclass(frozen=True)
class Translation:
    """The methods of one estimator.

    Attributes:
        methods: functions by the estimator's names, such as ``predict_proba``; the default signature first. Floats are
            float32. ``predict`` of a classifier returns integers, positions in ``classes``.
        classes: the estimator's ``classes_`` for a classifier, else None.
        program: function from float64 ``features`` [rows, features] to the graph's ``features``, for estimators that
            LiteRT cannot compute from float32, such as those that compare in float64.
        dtype: the dtype of the graph's ``features``.
        columns: the number of columns of the graph's ``features``; None where it is ``n_features_in_``.
        examples: rows [rows, features] of values at which the estimator's outputs change, such as thresholds and NaN.
        additive: the sums that the first method predicts from; None for other estimators.
            They are compared where the estimator reads the model's own inputs.
    """

    methods: Mapping[str, Method]
    classes: Array | None = None
    program: Program | None = None
    dtype: str = "float32"
    columns: int | None = None
    examples: Array | None = None
    additive: Additive | None = None


Nested = Callable[[Any], Translation]
"""Function that translates an estimator inside of another one."""

Translator = Callable[[Any, Nested], Translation]
"""Function of a fitted estimator and of the function for those inside of it; raises Untranslatable."""


class Untranslatable(SourceRefused):
    """An estimator, or a parameter of it, that cannot be translated.

    The message is one sentence, which begins with the name of the class.
    """


_REMEDIES: Mapping[str, str] = {
    "xgboost": "save the XGBoost model alone, with model.save_model('model.ubj'), and compile that file",
    "lightgbm": "save the LightGBM model alone, with model.booster_.save_model('model.txt'), and compile that file",
    "sklearn": "docs/scikit-learn.md lists the classes that can be compiled",
    "": "only scikit-learn's own classes can be compiled, docs/scikit-learn.md lists them",
}
_SEARCHES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")


def remedy(module: str, name: str) -> str:
    """Return what to do about a class that cannot be compiled."""
    if name in _SEARCHES:
        return "save its best_estimator_ instead"
    return _REMEDIES.get(module.partition(".")[0], _REMEDIES[""])


def check_class(estimator: Any) -> None:
    """Raise Untranslatable unless an estimator's class is one of scikit-learn."""
    module, name = type(estimator).__module__, type(estimator).__name__
    if not module.startswith("sklearn.") or name in _SEARCHES:
        raise Untranslatable(f"{name:.80} of {module:.80} cannot be compiled: {remedy(module, name)}")
