"""Five models from 10 KB to 300 MB, for compile time and peak memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def sizes(keras: Any) -> dict[str, Callable[[], Any]]:
    """Return builders by name, the smallest model first."""
    layers = keras.layers

    def mlp() -> Any:
        return keras.Sequential([keras.Input((8,)), layers.Dense(32, "relu"), layers.Dense(1)])

    def text_lstm() -> Any:
        stack = [layers.Embedding(4000, 64), layers.LSTM(64), layers.Dense(4, "softmax")]
        return keras.Sequential([keras.Input((None,), dtype="int32"), *stack])

    def mobilenet() -> Any:
        return keras.applications.MobileNetV2(weights=None, input_shape=(96, 96, 3))

    def resnet() -> Any:
        return keras.applications.ResNet50(weights=None, input_shape=(96, 96, 3))

    def recommender() -> Any:
        user, item = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
        tables = [
            layers.Flatten()(layers.Embedding(rows, 64)(ids)) for rows, ids in ((1_000_000, user), (200_000, item))
        ]
        return keras.Model([user, item], layers.Dense(1, "sigmoid")(layers.concatenate(tables)))

    return {build.__name__: build for build in (mlp, text_lstm, mobilenet, resnet, recommender)}
