"""Transformers as steps of a preprocessing program, in one module per family.

To add a transformer: a function in a module, an entry in ``TRANSFORMERS``, its class in
:mod:`lightship.compiler.sources.sklearn.intake.allowed`, and a case in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from lightship.compiler.sources.sklearn.transformers.base import Draft, Table, Transformation
from lightship.compiler.sources.sklearn.translate.base import Untranslatable, check_class

_PACKAGE = "lightship.compiler.sources.sklearn.transformers"

# Module and function by the transformer's class.
TRANSFORMERS: Mapping[str, tuple[str, str]] = {
    "StandardScaler": ("scaling", "standard"),
    "MinMaxScaler": ("scaling", "min_max"),
    "MaxAbsScaler": ("scaling", "max_abs"),
    "RobustScaler": ("scaling", "robust"),
    "Normalizer": ("scaling", "normaliser"),
    "Binarizer": ("scaling", "binariser"),
    "OneHotEncoder": ("encoding", "one_hot"),
    "OrdinalEncoder": ("encoding", "ordinal"),
    "SimpleImputer": ("imputing", "simple"),
    "MissingIndicator": ("imputing", "indicator"),
    "PCA": ("projection", "pca"),
    "TruncatedSVD": ("projection", "truncated_svd"),
    "VarianceThreshold": ("selection", "select"),
    "SelectKBest": ("selection", "select"),
    "SelectPercentile": ("selection", "select"),
    "FunctionTransformer": ("selection", "function"),
}


def transform(transformer: Any, draft: Draft, table: Table) -> Table:
    """Append a transformer's steps and return its output; raises Untranslatable.

    ``transformer`` may be ``"passthrough"``, ``"drop"`` or None, as in a Pipeline.
    """
    from lightship.compiler.sources.sklearn.transformers import composition

    if transformer is None or isinstance(transformer, str):
        return Table(()) if transformer == "drop" else table
    check_class(transformer)
    name = type(transformer).__name__
    if name in composition.COMPOSED:
        return composition.COMPOSED[name](transformer, draft, table, transform)
    if name not in TRANSFORMERS:
        others = ", ".join(sorted({*TRANSFORMERS, *composition.COMPOSED} - {"FunctionTransformer"}))
        raise Untranslatable(f"{name} cannot be compiled: the transformers are {others}")
    expected = getattr(transformer, "n_features_in_", len(table.names))
    if expected != len(table.names):
        raise Untranslatable(f"{name} was fitted on {expected} columns, and the step before it has {len(table.names)}")
    module, function = TRANSFORMERS[name]
    translator: Transformation = getattr(import_module(f"{_PACKAGE}.{module}"), function)
    return translator(transformer, draft, table)
