"""Models whose values reach where LiteRT's softplus no longer grows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras import layers


def large(activation: str) -> Callable[[Path], Any]:
    """A model that applies an activation to values of some hundreds, of both signs."""

    def case(path: Path) -> Any:
        row = keras.Input((4,), name="row")
        scaled = layers.Dense(4, kernel_initializer=keras.initializers.Identity(300.0))(row)
        return keras.Model(row, layers.Activation(activation)(scaled))

    return case


CASES: dict[str, Callable[[Path], Any]] = {name: large(name) for name in ("softplus", "mish", "log_sigmoid")}
