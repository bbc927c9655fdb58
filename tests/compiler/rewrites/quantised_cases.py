"""Keras models with weights quantised by ``model.quantize``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from keras import layers


def quantised(mode: str, *more: Any, shape: tuple[int | None, ...], dtype: str = "float32") -> keras.Model:
    model = keras.Sequential([keras.Input(shape, dtype=dtype), *more])
    model.quantize(mode)
    return model


CASES: dict[str, Callable[[Path], Any]] = {
    "int8_embedding": lambda path: quantised("int8", layers.Embedding(20, 8), shape=(5,), dtype="int32"),
    "int8_einsum": lambda path: quantised("int8", layers.EinsumDense("abc,cd->abd", (None, 3)), shape=(5, 4)),
    "int8_dense": lambda path: quantised("int8", layers.Dense(6, "relu"), layers.Dense(3), shape=(8,)),
    "int4_dense": lambda path: quantised("int4", layers.Dense(6, "relu"), layers.Dense(3), shape=(8,)),
    "float8_dense": lambda path: quantised("float8", layers.Dense(6, "relu"), layers.Dense(3), shape=(8,)),
}
