"""Models that update variables on which no output depends, such as dropout seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from tests.compiler.sources import save_function


def recurrent(*more: Any, time: int | None = None) -> keras.Model:
    return keras.Sequential([keras.Input((time, 3)), *more])


def exported(path: Path) -> Path:
    """Export a SavedModel with Keras that updates its seed in a called function."""
    recurrent(layers.GRU(4, dropout=0.3)).export(str(path), verbose=False)
    return path


def counted(path: Path) -> Path:
    """Save a SavedModel that counts its rows in a branch of a function."""
    module = tf.Module()
    module.calls = tf.Variable(0)

    @tf.function(autograph=False)
    def count(x: Any) -> Any:
        return tf.cond(tf.shape(x)[0] > 1, lambda: module.calls.assign_add(2), lambda: module.calls.assign_add(1))

    def call(x: Any) -> dict[str, Any]:
        count(x)
        return {"o": tf.roll(x, 1, -1)}

    spec = tf.TensorSpec((None, 3), tf.float32, name="x")
    concrete = tf.function(call, autograph=False).get_concrete_function(x=spec)
    tf.saved_model.save(module, str(path), signatures={"serving_default": concrete})
    return path


def monte_carlo(path: Path) -> Path:
    """Save a SavedModel with dropout active at inference."""
    module = tf.Module()
    module.layer = layers.Dropout(0.5, seed=1)
    module.seed = module.layer.seed_generator.state.value
    spec = tf.TensorSpec((None, 3), tf.float32, name="x")
    call = tf.function(lambda x: {"o": module.layer(x, training=True)}, autograph=False)
    tf.saved_model.save(module, str(path), signatures={"serving_default": call.get_concrete_function(x=spec)})
    return path


def noisy(path: Path) -> Path:
    """Save a SavedModel that adds noise from a constant seed."""
    save_function(path, lambda x: {"o": x + tf.random.stateless_normal((2,), seed=(1, 2))})
    return path


def uniform(path: Path) -> Path:
    """Save a SavedModel that runs on LiteRT: random numbers rarely change its output."""
    save_function(path, lambda x: {"o": x + tf.cast(tf.random.uniform((2,)) > 1.0, tf.float32)})
    return path


CASES: dict[str, Callable[[Path], Any]] = {
    "dropout_lstm": lambda path: recurrent(layers.LSTM(4, dropout=0.2, recurrent_dropout=0.1)),
    "dropout_bidirectional": lambda path: recurrent(layers.Bidirectional(layers.GRU(4, dropout=0.2))),
    "dropout_unrolled": lambda path: recurrent(layers.LSTM(4, dropout=0.2, unroll=True), time=5),
    "dropout_exported": exported,
    "counted": counted,
    "monte_carlo": monte_carlo,
    "noisy": noisy,
    "uniform": uniform,
}
