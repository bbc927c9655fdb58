"""The coverage page equals the committed results, and these reach the targets.

Every estimator, objective and preprocessing layer that is translated has a row. After `make zoo` the results are fresh.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from lightship.compiler.sources.sklearn.transformers import TRANSFORMERS
from lightship.compiler.sources.sklearn.transformers.composition import COMPOSED
from lightship.compiler.sources.sklearn.translate import TRANSLATORS
from tests.zoo import applications, expected, page, results
from tests.zoo.results import ROOT
from tests.zoo.rows import Row

LAYERS_COMPILED = 0.97  # by either engine, with parity
USERS_ON_LITERT = 0.95
USER_MODELS = 90

EXPECTED: Mapping[str, expected.Expected] = {
    "users": expected.USERS,
    "layers": expected.LAYERS,
    "layers-keras2": expected.LAYERS_KERAS2,
    **dict.fromkeys(("options", "applications", "applications-keras2"), expected.ALL_ON_LITERT),
    "preprocessing": expected.PREPROCESSING,
    **dict.fromkeys(("scikit-learn", "scikit-learn-trees", "boosters"), expected.ALL_ON_LITERT),
}
PREPROCESSING = (
    *("TextVectorization", "StringLookup", "IntegerLookup", "CategoryEncoding", "Hashing", "HashedCrossing"),
    *("Discretization", "Normalization", "FeatureSpace"),
)


@pytest.fixture(scope="module")
def found() -> results.Results:
    return results.load()


def test_page_from_committed_results_equals_committed_page(found: results.Results) -> None:
    assert page.render(found) == page.PAGE.read_text()


def test_row_of_every_group_names_measurement(found: results.Results) -> None:
    assert {row.group for row in found.now} == found.measured.keys()


def test_scikit_learn_rows_have_every_translated_class(found: results.Results) -> None:
    rows = [*found.rows("scikit-learn"), *found.rows("scikit-learn-trees")]
    covered = {name for row in rows if row.on_litert for name in row.classes}
    assert {*TRANSLATORS, *TRANSFORMERS, *COMPOSED} - covered == set()


@pytest.mark.parametrize("library", ["XGBoost", "LightGBM"])
def test_booster_rows_have_every_documented_objective_and_booster(found: results.Results, library: str) -> None:
    """Compare words of the rows' names with the table in docs/boosted-trees.md."""
    page_of_trees = (ROOT / "docs" / "boosted-trees.md").read_text()
    documented = re.search(rf"^\| {library} \|.*$", page_of_trees, re.MULTILINE)
    assert documented
    words = set(re.findall(r"`([\w:]+)`", documented[0])) - {"gbtree", "gbdt"}  # the boosters without a name
    names = [row.name for row in found.rows("boosters") if row.on_litert and row.name.startswith(library)]
    assert words - {word for name in names for word in name.split(", ")} == set()


def test_booster_rows_have_every_format(found: results.Results) -> None:
    assert {row.source for row in found.rows("boosters")} == {".json", ".ubj", ".txt"}


@pytest.mark.parametrize("layer", PREPROCESSING)
def test_preprocessing_rows_have_every_layer(found: results.Results, layer: str) -> None:
    assert any(re.split(r"\W", row.name)[0] == layer and row.on_litert for row in found.rows("preprocessing"))


@pytest.mark.slow
@pytest.mark.parametrize("group", ["layers", "layers-keras2"])
def test_layers_of_package_compile_to_97_percent(found: results.Results, group: str) -> None:
    rows = found.rows(group)
    assert sum(row.compiled for row in rows) >= LAYERS_COMPILED * len(rows)


@pytest.mark.slow
def test_user_models_run_on_litert_to_95_percent(found: results.Results) -> None:
    rows = found.rows("users")
    assert len({row.name for row in rows}) == len(rows) == USER_MODELS
    assert sum(row.on_litert for row in rows) >= USERS_ON_LITERT * USER_MODELS


@pytest.mark.slow
@pytest.mark.parametrize("group", ["applications", "applications-keras2"])
def test_applications_compile_within_limits(found: results.Results, group: str) -> None:
    rows = found.rows(group)
    assert rows
    assert all(row.on_litert for row in rows)
    assert max(row.seconds for row in rows) < applications.SECONDS
    assert max(row.memory for row in rows) < applications.BYTES


@pytest.mark.slow
@pytest.mark.parametrize("group", EXPECTED)
def test_models_not_on_litert_are_expected_ones(found: results.Results, group: str) -> None:
    others = {row.name: row for row in found.rows(group) if not row.on_litert}
    assert sorted(others) == sorted(EXPECTED[group])
    for name, (engine, word) in EXPECTED[group].items():
        assert _is(others[name], engine, word), f"{name}: {others[name].engine} because of {others[name].reasons}"


def _is(row: Row, engine: str, word: str) -> bool:
    return row.engine == engine and any(word in reason for reason in row.reasons)


def test_models_not_on_litert_have_reason(found: results.Results) -> None:
    assert all(row.reasons for row in found.now if not row.on_litert)
