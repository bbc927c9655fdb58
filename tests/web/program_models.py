"""A registry of models whose inputs a preprocessing program makes.

``python -m tests.web.program_models FOLDER`` writes it, for :mod:`tests.web.test_programs`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import lightgbm
import numpy as np
import pyarrow
import xgboost
from keras import layers
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from lightship.registry.registry import Registry
from tests.compiler.lifting import keras_cases
from tests.web.model_files import Write, keras_file, publish, skops_file

RNG = np.random.default_rng(8)
IRIS, SPECIES = load_iris(return_X_y=True)
GAPS = np.where(RNG.random(IRIS.shape) < 0.2, np.nan, IRIS)
CITIES = RNG.choice(["Bern", "größer", "", "Chur", "it's"], 150, p=[0.35, 0.3, 0.2, 0.05, 0.1]).astype(object)
GRADES = RNG.integers(0, 4, 150).astype(np.float64)
PEOPLE = np.column_stack([CITIES, GRADES, GAPS[:, 0], IRIS[:, 1]]).astype(object)


def main(folder: Path) -> None:
    keras.utils.set_random_seed(5)
    registry = Registry(str(folder))
    with tempfile.TemporaryDirectory() as scratch:
        models = {name: (write(Path(scratch) / name), config) for name, (write, config) in _models().items()}
        for name, (source, config) in models.items():
            publish(source, registry, name, config)


def _models() -> dict[str, tuple[Write, dict[str, Any]]]:
    logistic = LogisticRegression(max_iter=500)
    return {
        "scaled": (skops_file(_scaled), {}),
        "ranges": (skops_file(lambda: _iris(MinMaxScaler((-2, 3), clip=True), Normalizer("l1"), logistic)), {}),
        "largest": (skops_file(lambda: _iris(SelectKBest(k=2), Normalizer("max"), logistic)), {}),
        "filled": (skops_file(_filled), {}),
        "united": (skops_file(_united), {}),
        "people": (skops_file(lambda: _people(OneHotEncoder(handle_unknown="ignore"), _imputer(), logistic)), {}),
        "strict": (skops_file(lambda: _people(OneHotEncoder(), OrdinalEncoder(), _forest())), {}),
        "rare": (skops_file(lambda: _people(_infrequent(), _codes(), logistic)), {}),
        "xgboost": (_xgboost, {}),
        "lightgbm": (_lightgbm, {}),
        "houses": (keras_file(_houses), {}),
        "space": (keras_file(lambda: keras_cases.feature_space(keras)), {}),
        "words": (keras_file(_words), {}),
        "counts": (keras_file(_counts), {}),
    }


def _iris(*steps: Any) -> Any:
    return make_pipeline(*steps).fit(IRIS, SPECIES)


def _scaled() -> Any:
    """Return a model of named columns."""
    table = pyarrow.table({f"x{index}": column for index, column in enumerate(IRIS.T)})
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(table, SPECIES)


def _filled() -> Any:
    steps = SimpleImputer(strategy="median", add_indicator=True), StandardScaler(), LogisticRegression()
    return make_pipeline(*steps).fit(GAPS, SPECIES)


def _united() -> Any:
    limits = make_pipeline(RobustScaler(), MaxAbsScaler(), Binarizer(threshold=0.1))
    parts = [("a", StandardScaler()), ("b", "passthrough"), ("c", limits)]
    union = FeatureUnion(parts, transformer_weights={"a": 0.3})
    return make_pipeline(union, LogisticRegression(max_iter=500)).fit(IRIS, SPECIES)


def _people(cities: Any, grades: Any, final: Any) -> Any:
    columns = ColumnTransformer([("city", cities, [0]), ("grade", grades, [1])], remainder=SimpleImputer())
    return make_pipeline(columns, final).fit(PEOPLE, SPECIES)


def _imputer() -> Any:
    return make_pipeline(SimpleImputer(missing_values=2.0), StandardScaler(with_mean=False))


def _infrequent() -> Any:
    fill = SimpleImputer(missing_values="", strategy="constant", fill_value="none")
    return make_pipeline(fill, OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist"))


def _codes() -> Any:
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def _forest() -> Any:
    return RandomForestClassifier(7, random_state=0)


def _xgboost(path: Path) -> Path:
    options = {"objective": "multi:softprob", "num_class": 3, "nthread": 1}
    xgboost.train(options, xgboost.DMatrix(GAPS, SPECIES), 6).save_model(path.with_suffix(".json"))
    return path.with_suffix(".json")


def _lightgbm(path: Path) -> Path:
    data = lightgbm.Dataset(np.column_stack([GAPS, GRADES]), SPECIES == 1, categorical_feature=[4])
    lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 6).save_model(
        path.with_suffix(".txt")
    )
    return path.with_suffix(".txt")


def _houses() -> keras.Model:
    """Return a model of numbers, categories, bins, hashed and crossed columns."""
    strings = {name: keras.Input((1,), dtype="string", name=name) for name in ("city", "street")}
    floors = keras.Input((1,), dtype="int64", name="floors")
    area, year = keras.Input((1,), name="area"), keras.Input((1,), name="year")
    parts = [
        layers.StringLookup(vocabulary=["Bern", "Chur", "größer"], output_mode="one_hot", num_oov_indices=2)(
            strings["city"]
        ),
        layers.IntegerLookup(vocabulary=[2, 3, 5], output_mode="one_hot")(floors),
        layers.Hashing(9, output_mode="one_hot")(strings["street"]),
        layers.Hashing(6, salt=[133, 137], output_mode="one_hot")(floors),
        layers.HashedCrossing(11, output_mode="one_hot")((strings["city"], floors)),
        layers.Discretization(bin_boundaries=[1900.0, 1950.0, 2000.5], output_mode="one_hot")(year),
        layers.Normalization(mean=90.0, variance=400.0)(area),
    ]
    hidden = layers.Dense(8, "relu")(layers.Concatenate()(parts))
    return keras.Model([*strings.values(), floors, area, year], layers.Dense(1, name="price")(hidden))


def _words() -> keras.Model:
    """Return a model of a text as a row of tokens."""
    text = keras.Input((1,), dtype="string", name="text")
    tokens = layers.TextVectorization(vocabulary=["good", "bad", "film", "été"], output_sequence_length=8)(text)
    vector = layers.GlobalAveragePooling1D()(layers.Embedding(6, 4)(tokens))
    return keras.Model(text, layers.Dense(2, activation="softmax", name="score")(vector))


def _counts() -> keras.Model:
    """Return a model of a text as counts of words and of pairs of words."""
    text = keras.Input((1,), dtype="string", name="text")
    vocabulary = ["good", "bad", "film", "good film"]
    counted = layers.TextVectorization(vocabulary=vocabulary, output_mode="count", ngrams=2)(text)
    weighted = layers.TextVectorization(
        vocabulary=vocabulary, output_mode="tf_idf", idf_weights=[0.5, 1.5, 2.5, 0.1], standardize="lower"
    )(text)
    some = layers.TextVectorization(vocabulary=["a", "b", "é"], split="character", output_mode="multi_hot")(text)
    return keras.Model(text, layers.Dense(2, name="score")(layers.Concatenate()([counted, weighted, some])))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
