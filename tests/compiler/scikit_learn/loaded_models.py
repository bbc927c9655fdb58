"""Load files of scikit-learn models in one process and print the outcomes as JSON.

``python -m tests.compiler.scikit_learn.loaded_models FOLDER`` writes the files to the folder. An outcome has the
signatures and notes of a model, or the message of its refusal.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow
import skops.io
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, StandardScaler
from sklearn.svm import SVC

from lightship.compiler import sources
from lightship.errors import LightshipError
from tests.compiler.scikit_learn import gap_models

ROWS, TARGETS = load_iris(return_X_y=True)


class Mine(LogisticRegression):
    """A class that is not scikit-learn's."""


def _narrow() -> Any:
    """Return a pipeline whose last step was fitted on other columns."""
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, TARGETS)
    model.steps[1] = ("narrow", LogisticRegression().fit(ROWS[:, :2], TARGETS))
    return model


def _old() -> Any:
    """Return a model with the attribute that earlier versions had."""
    model = LogisticRegression().fit(ROWS, TARGETS)
    model.multi_class = "ovr"
    return model


def _broken() -> Any:
    model = LogisticRegression().fit(ROWS, TARGETS)
    model.coef_ = "text"
    return model


def _tree() -> Any:
    """Return neighbours whose search tree refers to rows that do not exist."""
    model = KNeighborsClassifier(algorithm="kd_tree").fit(ROWS, TARGETS)
    state = list(model._tree.__getstate__())
    state[1] = np.asarray(state[1]) + 10**6
    model._tree.__setstate__(tuple(state))
    return model


def _named() -> Any:
    table = pyarrow.table({"width": ROWS[:, 0], "height": ROWS[:, 1]})
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(table, TARGETS)


def models() -> dict[str, Callable[[], Any]]:
    """Return models by the name of their file."""
    logistic = LogisticRegression(max_iter=300)
    return {
        "good.skops": lambda: logistic.fit(ROWS, TARGETS),
        "good.joblib": lambda: logistic.fit(ROWS, np.array(["a", "b", "c"])[TARGETS]),
        "named.skops": _named,
        "never.skops": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
        "search.skops": lambda: GridSearchCV(logistic, {"C": [1.0]}).fit(ROWS, TARGETS),
        "search.pkl": lambda: GridSearchCV(logistic, {"C": [1.0]}).fit(ROWS, TARGETS),
        "function.skops": lambda: make_pipeline(FunctionTransformer(np.log1p), logistic).fit(ROWS, TARGETS),
        "function.pkl": lambda: make_pipeline(FunctionTransformer(np.log1p), logistic).fit(ROWS, TARGETS),
        "svc.skops": lambda: make_pipeline(StandardScaler(), SVC()).fit(ROWS, TARGETS),
        "svc.pkl": lambda: make_pipeline(StandardScaler(), SVC()).fit(ROWS, TARGETS),
        "array.skops": lambda: ROWS,
        "list.pkl": lambda: [1, 2],
        "encoder.skops": lambda: LabelEncoder().fit(TARGETS),
        "narrow.skops": _narrow,
        "old.pkl": _old,
        "broken.pkl": _broken,
        "tree.skops": _tree,
        "mine.pkl": lambda: Mine().fit(ROWS, TARGETS),
        "xgboost.skops": lambda: xgboost.XGBClassifier(n_estimators=2).fit(ROWS, TARGETS),
        "xgboost.pkl": lambda: xgboost.XGBClassifier(n_estimators=2).fit(ROWS, TARGETS),
        "metric.skops": lambda: KNeighborsClassifier(metric="chebyshev", algorithm="brute").fit(ROWS, TARGETS),
        "priors.skops": lambda: NearestCentroid(priors=[0.2, 0.2, 0.6]).fit(ROWS, TARGETS),
        "labels.skops": lambda: OneVsRestClassifier(logistic).fit(ROWS, np.eye(3, dtype=int)[TARGETS]),
        "calibrated.skops": lambda: CalibratedClassifierCV(make_pipeline(StandardScaler(), logistic)).fit(
            ROWS, TARGETS
        ),
    }


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    for name, build in models().items():
        (skops.io.dump if name.endswith(".skops") else joblib.dump)(build(), folder / name)
    for name, model in gap_models.models().items():
        skops.io.dump(model, folder / f"{name}.skops")
    _other_version(folder / "named.skops", folder / "other_version.skops")
    print(json.dumps({path.name: outcome(path) for path in sorted(folder.iterdir())}))


def _other_version(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(target, "w") as archive:
        for name in good.namelist():
            archive.writestr(name, good.read(name).replace(b'\\"1.9', b'\\"1.7'))


def outcome(path: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as work:
        try:
            importer = sources.find(path)
            importer.check(path, Path(work))
            original = importer.load(path, Path(work), trust=True)
        except LightshipError as error:
            return {"message": error.message}
        signatures = [signature.to_json() for signature in original.signatures]
        return {"signatures": signatures, "notes": original.notes, "source": dict(original.source)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
