"""Signatures of loaded scikit-learn models, and the sentences of refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.model_files import write


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the output of :mod:`tests.compiler.scikit_learn.loaded_models`, run once."""
    printed = write("tests.compiler.scikit_learn.loaded_models", tmp_path_factory.mktemp("loaded"))
    return dict(json.loads(printed.splitlines()[-1]))


GAP, NUMBERS = {"missing": "nan"}, {"type": "number", "missing": "nan"}
# File, and what the message of its refusal must contain.
REFUSED = {
    "never.skops": ("step 'standardscaler'", "never fitted"),
    "search.skops": ("GridSearchCV", "best_estimator_"),
    "search.pkl": ("GridSearchCV", "best_estimator_"),
    "function.skops": ("numpy.log1p", "code"),
    "function.pkl": ("step 'functiontransformer'", "log1p", "code"),
    "svc.skops": ("sklearn.svm._classes.SVC",),
    "svc.pkl": ("step 'svc'", "SVC", "LogisticRegression"),
    "array.skops": ("ndarray",),
    "list.pkl": ("list",),
    "encoder.skops": ("LabelEncoder",),
    "narrow.skops": ("step 'narrow'", "2 features", "4"),
    "old.pkl": ("multi_class='ovr'", "OneVsRestClassifier"),
    "broken.pkl": ("LogisticRegression", "broken"),
    "tree.skops": ("KDTree", "invalid"),
    "mine.pkl": ("Mine", "scikit-learn's own classes"),
    "xgboost.skops": ("xgboost", "save_model"),
    "xgboost.pkl": ("xgboost", "save_model"),
    "metric.skops": ("KNeighborsClassifier", "chebyshev", "euclidean"),
    "priors.skops": ("NearestCentroid", "priors"),
    "labels.skops": ("OneVsRestClassifier", "labels"),
    "calibrated.skops": ("CalibratedClassifierCV", "Pipeline"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_model_names_cause(loaded: dict[str, Any], name: str) -> None:
    message = loaded[name]["message"]
    assert name in message
    assert "\n" not in message
    for text in REFUSED[name]:
        assert text in message


def test_every_outcome_is_expected(loaded: dict[str, Any]) -> None:
    others = {name for name in loaded if not name.startswith("gaps_")}
    assert others == {*REFUSED, "good.skops", "good.joblib", "named.skops", "other_version.skops"}


@pytest.mark.parametrize(("name", "classes"), [("good.skops", ["0", "1", "2"]), ("good.joblib", ["a", "b", "c"])])
def test_classifier_has_probabilities_first_with_class_names(
    loaded: dict[str, Any], name: str, classes: list[str]
) -> None:
    signatures = loaded[name]["signatures"]
    assert [signature["name"] for signature in signatures] == ["predict_proba", "predict", "decision_function"]
    assert signatures[0]["outputs"] == [
        {"name": "probabilities", "dtype": "float32", "shape": [None, 3], "classes": classes}
    ]
    assert signatures[0]["inputs"] == [{"name": "features", "dtype": "float32", "shape": [None, 4]}]
    assert signatures[1]["outputs"][0]["dtype"] == ("string" if classes[0] == "a" else "int64")
    assert "scikit-learn" in loaded[name]["source"]


def test_model_of_named_columns_is_tabular_and_float64_before_transformers(loaded: dict[str, Any]) -> None:
    (spec,) = loaded["named.skops"]["signatures"][0]["inputs"]
    assert spec["kind"] == {"type": "tabular", "columns": ["width", "height"]}
    assert spec["dtype"] == "float64"


def test_file_of_other_version_has_note_with_both_versions(loaded: dict[str, Any]) -> None:
    assert loaded["named.skops"]["notes"] == []
    (note,) = loaded["other_version.skops"]["notes"]
    assert "1.7" in note
    assert "1.9" in note


def kinds(loaded: dict[str, Any], name: str) -> list[Any]:
    """Return the kinds of a model's inputs."""
    return [spec.get("kind") for spec in loaded[f"gaps_{name}.skops"]["signatures"][0]["inputs"]]


@pytest.mark.parametrize("name", ["imputed", "histogram", "forest", "tree"])
def test_model_with_gaps_everywhere_has_kind_number(loaded: dict[str, Any], name: str) -> None:
    assert kinds(loaded, name) == [NUMBERS]


@pytest.mark.parametrize("name", ["scaled", "boosting"])
def test_model_without_gaps_has_no_kind(loaded: dict[str, Any], name: str) -> None:
    assert kinds(loaded, name) == [None]


def test_columns_with_gaps_are_found_one_by_one(loaded: dict[str, Any]) -> None:
    assert kinds(loaded, "named")[0]["types"] == {"a": GAP}
    assert kinds(loaded, "unnamed") == [None]
    assert kinds(loaded, "mixed") == [None, NUMBERS, None]
