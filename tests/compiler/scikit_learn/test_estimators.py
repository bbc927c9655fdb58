"""The models of the tests have every estimator and transformer that is translated."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from lightship.compiler.sources.sklearn.transformers import TRANSFORMERS
from lightship.compiler.sources.sklearn.translate import TRANSLATORS
from tests.compiler.scikit_learn import estimators
from tests.compiler.trees.estimators import ESTIMATORS as TREES


def fitted() -> Iterator[Any]:
    """Yield all models and their steps, fitted in one thread."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of short fits
        for build in (estimators.models() | TREES).values():
            model = build()
            yield from (model, *model.get_params().values())


def test_models_cover_every_translated_class() -> None:
    covered = {type(each).__name__ for each in fitted()}
    assert {*TRANSLATORS, *TRANSFORMERS} - covered == set()
