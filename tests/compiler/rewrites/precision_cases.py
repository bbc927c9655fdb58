"""Models with a precision other than float32."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from tests.compiler.sources import save_function


def with_policy(policy: str, make: Callable[[], Any]) -> Callable[[Path], Any]:
    def case(path: Path) -> Any:
        keras.config.set_dtype_policy(policy)
        try:
            return make()
        finally:
            keras.config.set_dtype_policy("float32")

    return case


def network() -> Any:
    """Return a typical mixed-precision network: the last layer is a float32 softmax."""
    image = keras.Input((12, 12, 3), name="image")
    hidden = layers.BatchNormalization()(layers.Conv2D(8, 3, activation="relu")(image))
    hidden = layers.LayerNormalization()(layers.SeparableConv2D(8, 3)(hidden))
    hidden = layers.Dense(8, "gelu")(layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(hidden)))
    return keras.Model(image, layers.Dense(3, "softmax", dtype="float32")(hidden))


def attention() -> Any:
    steps = keras.Input((6, 8), name="steps")
    return keras.Model(steps, layers.MultiHeadAttention(2, 4)(steps, steps))


def sequence() -> Any:
    """Return a dense layer of sequences, whose reshape another rewrite changes."""
    steps = keras.Input((6, 8), name="steps")
    return keras.Model(steps, layers.Dense(2, dtype="float32")(layers.Dense(4, "relu")(steps)))


def half(path: Path) -> Any:
    values = keras.Input((3,), dtype="float16", name="half")
    return keras.Model(values, layers.Dense(2, dtype="float16")(values))


def overflow(path: Path) -> Path:
    """Save a function that is infinite in float16 and finite in float32."""
    save_function(path, lambda x: {"y": tf.cast(tf.square(tf.cast(x * 0 + 1e3, tf.float16)), tf.float32) + x})
    return path


def bits(path: Path) -> Path:
    save_function(path, lambda x: {"y": tf.bitcast(tf.cast(x, tf.float16) * tf.constant(2.0, tf.float16), tf.int16)})
    return path


def double(path: Path) -> Path:
    save_function(path, lambda x: {"y": tf.nn.softmax(tf.cast(x, tf.float64)), "x": x})
    return path


CASES = {
    "mixed_float16": with_policy("mixed_float16", network),
    "mixed_bfloat16": with_policy("mixed_bfloat16", network),
    "float64": with_policy("float64", network),
    "attention_float16": with_policy("float16", attention),
    "attention_bfloat16": with_policy("mixed_bfloat16", attention),  # outputs bfloat16
    "sequence_bfloat16": with_policy("mixed_bfloat16", sequence),
    "half": half,
    "double": double,
    "overflow": overflow,
    "bits": bits,
}
