"""Models of other precisions, with random layers, or built from other models."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.zoo.saving import saved_as


def mixed_float16_cnn() -> keras.Model:
    body = [
        layers.Conv2D(8, 3, activation="relu", dtype="mixed_float16"),
        layers.BatchNormalization(dtype="mixed_float16"),
    ]
    head = [layers.GlobalAveragePooling2D(dtype="mixed_float16"), layers.Dense(5, "softmax", dtype="float32")]
    return keras.Sequential([keras.Input((24, 24, 3)), *body, *head])


def mixed_bfloat16_transformer() -> keras.Model:
    tokens = keras.Input((16,), dtype="int32")
    policy = {"dtype": "mixed_bfloat16"}
    x = layers.Embedding(60, 16, **policy)(tokens)
    x = layers.LayerNormalization(**policy)(x + layers.MultiHeadAttention(2, 8, **policy)(x, x))
    pooled = layers.GlobalAveragePooling1D(**policy)(layers.Dense(16, "relu", **policy)(x))
    return keras.Model(tokens, layers.Dense(3, "softmax", dtype="float32")(pooled))


def mixed_float16_lstm() -> keras.Model:
    stack = [layers.LSTM(16, dtype="mixed_float16"), layers.Dense(1, dtype="float32")]
    return keras.Sequential([keras.Input((20, 4)), *stack])


def float64_physics() -> keras.Model:
    """Build a network for differential equations, which is trained in float64."""
    place = keras.Input((2,), dtype="float64")
    x = place
    for _ in range(3):
        x = layers.Dense(20, "tanh", dtype="float64")(x)
    return keras.Model(place, layers.Dense(1, dtype="float64")(x))


def int8_mlp() -> keras.Model:
    model = keras.Sequential([keras.Input((32,)), layers.Dense(64, "relu"), layers.Dense(4, "softmax")])
    model.quantize("int8")
    return model


def class_number() -> keras.Model:
    """Build a classifier that returns the class number and its probability."""
    row = keras.Input((10,))
    probabilities = layers.Dense(4, "softmax")(layers.Dense(16, "relu")(row))
    return keras.Model(row, [ops.argmax(probabilities, axis=-1), ops.max(probabilities, axis=-1)])


class LastingDropout(layers.Dropout):
    """Dropout that stays active, so that repeated calls show the uncertainty."""

    def call(self, x):
        return super().call(x, training=True)


@saved_as("export")
def monte_carlo_dropout() -> keras.Model:
    row = keras.Input((10,))
    return keras.Model(row, layers.Dense(1)(LastingDropout(0.3)(layers.Dense(32, "relu")(row))))


def functional_operators() -> keras.Model:
    """Build a model with keras.ops between layers."""
    row = keras.Input((8, 4))
    centred = row - ops.mean(row, axis=1, keepdims=True)
    scaled = centred / (ops.std(row, axis=1, keepdims=True) + 1e-6)
    best = ops.take_along_axis(scaled, ops.argsort(scaled, axis=1), axis=1)
    x = ops.where(ops.isnan(best), 0.0, ops.clip(best, -3.0, 3.0))
    rolled = ops.concatenate([x, ops.roll(x, 1, axis=1), ops.flip(x, axis=1)], axis=-1)
    return keras.Model(row, layers.Dense(2)(ops.logsumexp(layers.Dense(6)(rolled), axis=1)))


def nested_three_deep() -> keras.Model:
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(8, "relu")], name="inner")
    row = keras.Input((8,))
    middle = keras.Model(row, layers.Add()([row, inner(row)]), name="middle")
    whole = keras.Input((8,))
    return keras.Model(whole, layers.Dense(1)(layers.BatchNormalization()(middle(middle(whole)))))


class Subclassed(keras.Model):
    """A model written as a class, called once and exported."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = layers.Dense(16, "relu"), layers.Dense(2)

    def call(self, x, training=False):
        return self.head(ops.relu(self.body(x)) ** 2)


@saved_as("export")
def subclassed_and_exported() -> keras.Model:
    model = Subclassed()
    model(ops.zeros((1, 5)))
    return model
