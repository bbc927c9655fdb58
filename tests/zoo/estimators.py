"""Estimators of scikit-learn: those of the tests, saved as .skops files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.zoo.saving import Build, Saved


def estimators(_: Any = None) -> Mapping[str, Build]:
    """Return the functions that fit all models but trees, by name."""
    found: Mapping[str, Build] = import_module("tests.compiler.scikit_learn.estimators").models()
    return found


def trees(_: Any = None) -> Mapping[str, Build]:
    """Return the functions that fit trees and ensembles of trees, by name."""
    found: Mapping[str, Build] = import_module("tests.compiler.trees.estimators").ESTIMATORS
    return found


def save(name: str, build: Build, folder: Path) -> Saved:
    """Fit a model and save it."""
    import skops.io

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the convergence of short fits
        model = build()
    skops.io.dump(model, folder / "model.skops")
    return Saved(folder / "model.skops", _classes(model))


def _classes(model: Any) -> tuple[str, ...]:
    """Return the classes of a model and its steps, the model's first."""
    parts = [each for each in (model, *model.get_params().values()) if hasattr(each, "get_params")]
    return tuple(dict.fromkeys(type(each).__name__ for each in parts))
