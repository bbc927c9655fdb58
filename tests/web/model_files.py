"""Files of models for test registries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import skops.io

# Write a model to a path without suffix, and return the file.
Write = Callable[[Path], Path]


def keras_file(build: Callable[[], keras.Model]) -> Write:
    """Return the function that writes a Keras model."""

    def write(path: Path) -> Path:
        build().save(path.with_suffix(".keras"))
        return path.with_suffix(".keras")

    return write


def skops_file(build: Callable[[], Any]) -> Write:
    """Return the function that writes a scikit-learn model."""

    def write(path: Path) -> Path:
        skops.io.dump(build(), path.with_suffix(".skops"))
        return path.with_suffix(".skops")

    return write
