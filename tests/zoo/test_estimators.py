"""Sample of scikit-learn's estimators: one of each family, in one child process."""

from __future__ import annotations

import pytest

from tests.zoo.groups import GROUPS
from tests.zoo.rows import Row
from tests.zoo.run import run

SAMPLE = (
    "LogisticRegression, classes named",
    "GaussianNB",
    "KNeighborsClassifier",
    "MLPClassifier, tanh",
    "CalibratedClassifierCV, sigmoid",
    "KMeans",
    "StandardScaler",
    "OneHotEncoder",
)


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {row.name: row for row in run(GROUPS["scikit-learn"], SAMPLE)}


@pytest.mark.parametrize("name", SAMPLE)
def test_estimator_compiles_to_litert_with_parity(rows: dict[str, Row], name: str) -> None:
    assert rows[name].engine == "litert", rows[name].reasons
