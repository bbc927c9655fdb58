"""Bundles of scikit-learn models with exact explanations, without a conversion."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lightship.bundle import GOLDEN, Bundle, Manifest, digests, write_manifest
from lightship.bundle.golden import write_golden
from lightship.compiler.attributions.exact import compile_exact
from lightship.compiler.sources.sklearn.original import SklearnOriginal
from lightship.compiler.sources.traced import ModelFile
from lightship.compiler.verification.recordings import golden, record
from lightship.model import Model
from lightship.preprocessing import write_programs
from lightship.tensors import Array

_RNG = np.random.default_rng(3)
COUNT = 300
AGE = _RNG.normal(40.0, 9.0, COUNT).round()
INCOME = np.where(_RNG.random(COUNT) < 0.1, np.nan, _RNG.lognormal(10.0, 1.0, COUNT))
TOWN = _RNG.choice(["Bern", "Rome", "Oslo"], COUNT)
SHOP = pyarrow.table({"age": AGE, "income": INCOME, "town": TOWN})
BOUGHT = np.where((AGE > 40) & (TOWN == "Rome") | (np.nan_to_num(INCOME) > 30_000), "buys", "leaves")


class OriginalEngine:
    """Engine that runs a model in scikit-learn."""

    stateful = False

    def __init__(self, original: SklearnOriginal) -> None:
        self._original = original

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return self._original.run(signature, inputs)

    def clone(self) -> OriginalEngine:
        return self


def shop(estimator: Any) -> Any:
    """Return a pipeline of scaled, imputed and encoded columns, fitted on SHOP."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("n", numbers, ["age", "income"]), ("c", OneHotEncoder(), ["town"])])
    return make_pipeline(columns, estimator).fit(SHOP, BOUGHT)


def shop_row(index: int) -> dict[str, Array]:
    """Return a row of SHOP as inputs of a model."""
    town = np.array([TOWN[index].encode()], object)
    return {"age": AGE[index : index + 1], "income": INCOME[index : index + 1], "town": town}


def bundle_of(estimator: Any, folder: Path) -> tuple[Bundle, SklearnOriginal]:
    """Write the bundle of a fitted estimator, which has no model file."""
    original = SklearnOriginal(deepcopy(estimator), ModelFile({}, 0, folder))
    assert original.additive is not None
    recording = record(original, original.signatures[0], None)
    program = original.preprocessing.get(recording.signature.name)
    entry = compile_exact(original.additive, recording, folder, program=program)
    write_golden(folder / GOLDEN, golden((recording,)))
    manifest = Manifest(
        "litert",
        (recording.signature,),
        preprocessing=write_programs(folder, original.preprocessing),
        files=digests(folder),
        explain=entry.to_json(),
    )
    return write_manifest(folder, manifest), original


def model_of(estimator: Any, folder: Path) -> Model:
    """Return the model of a fitted estimator, which runs in scikit-learn."""
    bundle, original = bundle_of(estimator, folder)
    return Model(bundle, OriginalEngine(original))
