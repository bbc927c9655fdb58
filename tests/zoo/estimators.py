"""Estimators of scikit-learn, compiled and timed beside their own methods."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from lightship.bundle import Bundle
from lightship.calls import Call
from lightship.compiler import sources
from lightship.compiler.verification import latency
from lightship.model import Model
from tests.zoo.measure import compiled
from tests.zoo.rows import REFUSED, Row

ROWS = 1024


def builders(_: Any = None) -> Mapping[str, Any]:
    """Return the functions that fit the models, by name."""
    found: Mapping[str, Any] = import_module("tests.compiler.scikit_learn.estimators").models()
    return found


def measure(group: str, name: str) -> Row:
    """Fit, save and compile a model, and return its row.

    scikit-learn computes with one thread, as LiteRT does.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when scikit-learn is imported
    import skops.io

    with tempfile.TemporaryDirectory() as work, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the convergence of short fits
        path, bundle = Path(work, "model.skops"), Path(work, "bundle")
        bundle.mkdir()
        skops.io.dump(builders()[name](), path)
        row = compiled(group, name, path, bundle)
        return row if row.engine == REFUSED else replace(row, many=_many(path, bundle))


def _many(path: Path, bundle: Path) -> float:
    """Return the seconds of 1,024 rows in scikit-learn divided by those of the bundle."""
    model = Model.load(Bundle.open(bundle))
    inputs, _ = model.golden()
    rows = {key: np.resize(array, (ROWS, *array.shape[1:])) for key, array in inputs.items()}
    with tempfile.TemporaryDirectory() as work:
        original = sources.find(path).load(path, Path(work), trust=False)
        (call,) = original.calls(original.signatures[0].name, rows).values()
        return round(latency.p50(call) / latency.p50(lambda: model.predict(Call(inputs=rows))), 2)
