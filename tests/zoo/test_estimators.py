"""Sample of estimators, boosted trees and preprocessing layers."""

from __future__ import annotations

import pytest

from tests.zoo.groups import GROUPS
from tests.zoo.rows import Row
from tests.zoo.run import run

SAMPLE = {
    "scikit-learn": (
        "LogisticRegression, classes named",
        "GaussianNB",
        "KNeighborsClassifier",
        "MLPClassifier, tanh",
        "CalibratedClassifierCV, sigmoid",
        "KMeans",
        "StandardScaler",
        "OneHotEncoder",
    ),
    "boosters": ("XGBoost, multi:softprob, .json", "XGBoost, survival:aft", "LightGBM, lambdarank"),
    "preprocessing": ("HashedCrossing", "TextVectorization(output_mode=tf_idf)"),
}


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {row.name: row for group, names in SAMPLE.items() for row in run(GROUPS[group], names)}


@pytest.mark.parametrize("name", [name for names in SAMPLE.values() for name in names])
def test_model_compiles_to_litert_and_is_timed(rows: dict[str, Row], name: str) -> None:
    assert rows[name].engine == "litert", rows[name].reasons
    assert rows[name].source
    assert rows[name].times and min(rows[name].times) > 0 and rows[name].many
