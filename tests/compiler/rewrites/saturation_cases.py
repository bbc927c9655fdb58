"""Models with values beyond the limit of LiteRT's softplus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras import layers


def large(activation: str) -> Callable[[Path], Any]:
    """Return a case that applies an activation to values of about ±300."""

    def case(path: Path) -> Any:
        row = keras.Input((4,), name="row")
        scaled = layers.Dense(4, kernel_initializer=keras.initializers.Identity(300.0))(row)
        return keras.Model(row, layers.Activation(activation)(scaled))

    return case


CASES: dict[str, Callable[[Path], Any]] = {name: large(name) for name in ("softplus", "mish", "log_sigmoid")}
