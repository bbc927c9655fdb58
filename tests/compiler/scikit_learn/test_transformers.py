"""Transformers as programs: bit for bit the numbers of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from lightship.compiler.sources.sklearn import transformers
from lightship.compiler.sources.sklearn.transformers.base import Draft, Part, Table
from lightship.compiler.sources.sklearn.translate.base import Untranslatable
from lightship.errors import InvalidInput
from lightship.preprocessing import Program
from lightship.preprocessing.builder import ProgramBuilder
from lightship.tensors import Array

RNG = np.random.default_rng(5)
NUMBERS = RNG.normal(100.0, 30.0, (60, 4)) * [1.0, 1e-3, 1e6, 1.0]
GAPS = np.where(RNG.random(NUMBERS.shape) < 0.2, np.nan, NUMBERS)
WHOLE = RNG.integers(0, 4, (60, 4)).astype(np.float64)
CITIES = RNG.choice(["Bern", "größer", "", "Chur"], 60, p=[0.4, 0.3, 0.25, 0.05]).astype(object)
MIXED = np.column_stack([CITIES, WHOLE[:, 0].astype(int), GAPS[:, 0]]).astype(object)
TARGETS = RNG.integers(0, 2, 60)

Pair = tuple[Any, Array]


def program(transformer: Any, *, strings: tuple[str, ...] = (), columns: int = 4) -> Program:
    """Return a transformer's program, from ``features`` or from the columns x0, x1, …"""
    names = tuple(f"x{index}" for index in range(columns))
    parts = [Part(name, (name,), "string" if name in strings else "number", raw=True) for name in names]
    draft = Draft(ProgramBuilder({"features", *names}))
    table = transformers.transform(
        transformer, draft, Table(tuple(parts) if strings else (Part("features", names, raw=True),))
    )
    return draft.builder.finish({"features": draft.matrix(table, transformer)})


def inputs(rows: Array) -> dict[str, Array]:
    """Return mixed rows as the inputs of a program: strings as bytes."""
    return {
        f"x{index}": np.array([each.encode() for each in column], object)
        if isinstance(column[0], str)
        else column.astype(np.float64)
        for index, column in enumerate(rows.T)
    }


def numeric() -> dict[str, Callable[[], Pair]]:
    """Return fitted transformers of numbers, with rows."""
    union = FeatureUnion([("a", StandardScaler()), ("b", "passthrough"), ("c", "drop")], transformer_weights={"a": 0.3})
    return {
        "standard": lambda: (StandardScaler().fit(NUMBERS), NUMBERS),
        "standard_without_mean": lambda: (StandardScaler(with_mean=False).fit(NUMBERS), NUMBERS),
        "standard_without_std": lambda: (StandardScaler(with_std=False).fit(NUMBERS), NUMBERS),
        "min_max": lambda: (MinMaxScaler((-2, 3)).fit(NUMBERS[:20]), NUMBERS),
        "min_max_clipped": lambda: (MinMaxScaler(clip=True).fit(NUMBERS[:20]), NUMBERS),
        "max_abs": lambda: (MaxAbsScaler().fit(NUMBERS), NUMBERS),
        "robust": lambda: (RobustScaler().fit(NUMBERS), NUMBERS),
        "robust_without_centering": lambda: (RobustScaler(with_centering=False).fit(NUMBERS), NUMBERS),
        "l1": lambda: (Normalizer("l1").fit(NUMBERS), WHOLE),
        "l2": lambda: (Normalizer().fit(NUMBERS), WHOLE),
        "max": lambda: (Normalizer("max").fit(NUMBERS), WHOLE),
        "binarizer_at_threshold": lambda: (Binarizer(threshold=2.0).fit(WHOLE), WHOLE),
        "mean_imputer": lambda: (SimpleImputer().fit(GAPS), GAPS),
        "number_imputer": lambda: (SimpleImputer(missing_values=2.0, strategy="median").fit(WHOLE), WHOLE),
        "imputer_with_indicator": lambda: (SimpleImputer(add_indicator=True).fit(GAPS), GAPS),
        "imputer_of_empty_column": lambda: (SimpleImputer().fit(GAPS * [1.0, np.nan, 1.0, 1.0]), GAPS),
        "indicator": lambda: (MissingIndicator().fit(GAPS), GAPS),
        "variance": lambda: (VarianceThreshold(1.0).fit(NUMBERS), NUMBERS),
        "k_best": lambda: (SelectKBest(k=2).fit(NUMBERS, TARGETS), NUMBERS),
        "union": lambda: (union.fit(NUMBERS), NUMBERS),
        "columns": lambda: (
            ColumnTransformer([("a", StandardScaler(), [3, 0]), ("b", "drop", [1])], remainder="passthrough").fit(
                NUMBERS
            ),
            NUMBERS,
        ),
        "columns_by_mask_and_slice": lambda: (
            ColumnTransformer(
                [("a", StandardScaler(), slice(0, 2)), ("b", "passthrough", [False, False, False, True])]
            ).fit(NUMBERS),
            NUMBERS,
        ),
        "identity": lambda: (FunctionTransformer().fit(NUMBERS), NUMBERS),
        "one_hot_of_numbers": lambda: (OneHotEncoder(drop="if_binary").fit(WHOLE), WHOLE),
        "one_hot_of_nan": lambda: (
            OneHotEncoder().fit(np.where(WHOLE == 1, np.nan, WHOLE)),
            np.where(WHOLE == 1, np.nan, WHOLE),
        ),
        "ordinal_of_nan": lambda: (
            OrdinalEncoder(encoded_missing_value=-5).fit(np.where(WHOLE == 1, np.nan, WHOLE)),
            np.where(WHOLE == 1, np.nan, WHOLE),
        ),
        "pipeline": lambda: (
            make_pipeline(SimpleImputer(), StandardScaler(), MinMaxScaler(), Normalizer()).fit(GAPS),
            GAPS,
        ),
    }


def mixed() -> dict[str, Any]:
    """Return fitted transformers of strings and numbers."""
    infrequent = OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist")
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    encoders = {
        "one_hot": OneHotEncoder(handle_unknown="ignore"),
        "one_hot_dropped": OneHotEncoder(drop="first"),
        "one_hot_infrequent": infrequent,
        "ordinal": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        "imputed": make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
    }
    return {
        name: ColumnTransformer([("c", each, [0, 1]), ("n", numbers, [2])])
        for name, each in encoders.items()
        if name != "imputed"
    } | {"imputed": ColumnTransformer([("c", encoders["imputed"], [0]), ("n", numbers, [2])])}


@pytest.mark.filterwarnings("ignore:Skipping features")
@pytest.mark.parametrize("name", numeric())
def test_program_of_numbers_equals_scikit_learn(name: str) -> None:
    transformer, rows = numeric()[name]()
    found = program(transformer).bind().run({"features": rows})["features"]
    wanted = transformer.transform(rows)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, wanted.toarray() if hasattr(wanted, "toarray") else wanted)


@pytest.mark.parametrize("model", [PCA(2), PCA(2, whiten=True), TruncatedSVD(2)], ids=["pca", "whitened", "svd"])
def test_projection_equals_scikit_learn(model: Any) -> None:
    rows = NUMBERS / 100
    found = program(model.fit(rows)).bind().run({"features": rows})["features"]
    np.testing.assert_allclose(found, model.transform(rows), rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("name", mixed())
def test_program_of_strings_equals_scikit_learn(name: str) -> None:
    transformer = mixed()[name].fit(MIXED)
    rows = MIXED.copy()
    if name in ("one_hot", "one_hot_infrequent", "ordinal"):
        rows[::9, 0], rows[::7, 1] = "nowhere", 9
    found = program(transformer, strings=("x0",), columns=3).bind().run(inputs(rows))["features"]
    wanted = transformer.transform(rows)
    np.testing.assert_array_equal(found, wanted.toarray() if hasattr(wanted, "toarray") else wanted)


def test_unknown_category_names_row_column_and_categories() -> None:
    encoder = ColumnTransformer([("c", OneHotEncoder(), [0])]).fit(MIXED[:, :1])
    bound = program(encoder, strings=("x0",), columns=1).bind()
    with pytest.raises(InvalidInput, match=r"row 2, column 'x0': 'nowhere' .*'Bern'"):
        bound.run({"x0": np.array([b"Bern", b"nowhere"], object)})
    numbers = program(OneHotEncoder().fit(np.array([[0.1], [1234567.5], [3.0]])), columns=1).bind()
    with pytest.raises(InvalidInput, match=r"row 1, column 'x0': 0\.30000000000000004 .* 0\.1, 3, 1234567\.5$"):
        numbers.run({"features": np.array([[0.1 + 0.2]])})
    with pytest.raises(InvalidInput, match="row 1"):
        bound.run({"x0": np.array([b"\xff\xfe"], object)})


def test_program_survives_json_and_arrays() -> None:
    transformer = mixed()["one_hot"].fit(MIXED)
    made = program(transformer, strings=("x0",), columns=3)
    steps = tuple(type(step).from_json(step.to_json()) for step in made.steps)
    again = Program(steps, made.outputs, made.constants).bind().run(inputs(MIXED))["features"]
    np.testing.assert_array_equal(again, made.bind().run(inputs(MIXED))["features"])


@pytest.mark.parametrize(
    ("transformer", "named"),
    [
        (FunctionTransformer(np.log1p).fit(NUMBERS), ("FunctionTransformer", "log1p")),
        (make_pipeline(StandardScaler()).fit(NUMBERS[:, :2]), ("step 'standardscaler'", "2 columns", "4")),
        (OneHotEncoder(drop="first", min_frequency=30).fit(WHOLE), ("OneHotEncoder", "drop", "infrequent")),
        (ColumnTransformer([("a", "passthrough", [0])]).fit(NUMBERS[:, :2]), ("ColumnTransformer", "2 columns")),
    ],
    ids=["function", "width", "infrequent", "columns"],
)
def test_untranslatable_transformer_names_cause(transformer: Any, named: tuple[str, ...]) -> None:
    with pytest.raises(Untranslatable) as refused:
        program(transformer)
    for text in named:
        assert text in refused.value.message


def test_strings_before_scaler_name_column() -> None:
    scaler = StandardScaler().fit(WHOLE[:, :2])
    with pytest.raises(Untranslatable, match="'x0'"):
        program(scaler, strings=("x0",), columns=2)
