"""Saving of a model of the zoo as the file that is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Build = Callable[[], Any]


@dataclass(frozen=True)
class Saved:
    """A model file, and the classes of a scikit-learn model and its steps."""

    path: Path
    classes: tuple[str, ...] = ()


# Builds a model, writes it into an empty folder, and returns what it wrote.
Save = Callable[[str, Build, Path], Saved]

# Keras 2's .h5 files lose vocabularies.
_WITH_VOCABULARY = {"StringLookup", "IntegerLookup", "TextVectorization"}
_STATISTICS = {"mean", "variance", "count", "kernel_scale", "embeddings_scale"}  # of data, or of a quantised weight


def saved_as(form: str) -> Callable[[Build], Build]:
    """Return a decorator that sets the format in which a model is saved.

    Formats are ``h5`` and ``export``, a SavedModel; the default is a ``.keras`` file.
    """

    def mark(build: Build) -> Build:
        build.form = form  # type: ignore[attr-defined]
        return build

    return mark


def keras3(name: str, build: Build, folder: Path) -> Saved:
    import keras

    return _keras(keras, build, folder, getattr(build, "form", "keras"))


def keras2(name: str, build: Build, folder: Path) -> Saved:
    import tf_keras

    return _keras(tf_keras, build, folder, "keras" if name in _WITH_VOCABULARY else "h5")


def _keras(keras: Any, build: Build, folder: Path, form: str) -> Saved:
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = build()
    _vary(model)
    if form == "export":
        model.export(folder / "exported", verbose=False)
        return Saved(folder / "exported")
    model.save(folder / f"model.{form}")
    return Saved(folder / f"model.{form}")


def _vary(model: Any) -> None:
    """Add small random numbers to weights: zeros and ones would hide misplacement."""
    rng = np.random.default_rng(7)
    for weight in model.weights:
        name, value = weight.name.split("/")[-1].split(":")[0], np.asarray(weight)
        if name in _STATISTICS or "seed" in name or value.dtype.kind != "f":
            continue
        moved = value + rng.normal(0.0, 0.05, value.shape) * (value.std() or 1.0)
        weight.assign(np.abs(moved) if name.endswith("variance") else moved)
