"""Recurrent models converted for LiteRT, with recorded outputs of the originals.

``python -m tests.compiler.rewrites.recurrent_models FOLDER`` writes NAME.tflite and NAME.npz in a separate process. The
latter holds inputs ``x0``, ``x1`` … and outputs ``y0``, ``y1`` … at several batch sizes and sequence lengths.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from lightship.compiler.conversion import litert
from lightship.compiler.rewrites import rewrite

FEATURES = 3
SIZES = [(1, 7), (3, 1), (1, 7), (32, 100), (1, 1), (3, 7)]  # rows and time steps, in the order in which they are run


def main(folder: Path) -> None:
    keras.utils.set_random_seed(1)
    for name, (kind, layer) in layers().items():
        inputs = kind.Input((None, FEATURES), name="x")
        model = kind.Model(inputs, layer(kind.layers)(inputs))
        write(folder, name, lambda x, model=model: model(x, training=False), (None, None, FEATURES), [model])
    for name, function in functions().items():
        write(folder, name, function, (None, None, FEATURES))


def layers() -> dict[str, tuple[Any, Callable[[Any], Callable[[Any], Any]]]]:
    """Return package and layers for sequences of any length by model name."""
    return {
        "lstm": (keras, lambda of: of.LSTM(4)),
        "gru_sequences": (keras, lambda of: of.GRU(4, return_sequences=True, go_backwards=True)),
        "gru_reset_before": (keras, lambda of: of.GRU(4, reset_after=False)),
        "simple_rnn": (keras, lambda of: of.SimpleRNN(4, return_sequences=True)),
        "bidirectional_masked": (
            keras,
            lambda of: lambda x: of.Bidirectional(of.GRU(4, return_sequences=True))(of.Masking()(x)),
        ),
        "zero_output_for_mask": (
            keras,
            lambda of: lambda x: of.LSTM(4, return_sequences=True, zero_output_for_mask=True)(of.Masking()(x)),
        ),
        "encoder_decoder": (keras, lambda of: lambda x: decoder(of, x)),
        "stacked_cells": (keras, lambda of: of.RNN([of.LSTMCell(4), of.GRUCell(5)], return_sequences=True)),
        "conv_lstm": (
            keras,
            lambda of: lambda x: of.ConvLSTM1D(2, 2, padding="same")(of.Reshape((-1, FEATURES, 1))(x)),
        ),
        "keras2_lstm": (tf_keras, lambda of: of.LSTM(4, recurrent_activation="hard_sigmoid")),
        "keras2_bidirectional_gru": (tf_keras, lambda of: of.Bidirectional(of.GRU(4, return_sequences=True))),
        "keras2_masked": (tf_keras, lambda of: lambda x: of.LSTM(4)(of.Masking()(x))),
    }


def decoder(of: Any, x: Any) -> Any:
    """Return an LSTM that starts with the final state of another LSTM."""
    _, *state = of.LSTM(4, return_state=True)(x)
    return of.LSTM(4, return_sequences=True)(x, initial_state=state)


def functions() -> dict[str, Callable[[Any], Any]]:
    """Return functions with loops outside layers by model name."""
    return {
        "running_sum": running_sum,
        "nested_loops": nested_loops,
        "branch_in_loop": branch_in_loop,
        "growing_list": growing_list,
    }


def running_sum(x: Any) -> Any:
    """Return sums over time by a loop with a TensorArray of undeclared shape."""
    steps = tf.transpose(x, (1, 0, 2))
    count = tf.shape(steps)[0]
    sums = tf.TensorArray(tf.float32, size=count)

    def step(index: Any, total: Any, sums: Any) -> Any:
        total = total + steps[index]
        return index + 1, total, sums.write(index, total)

    _, _, sums = tf.while_loop(lambda index, *_: index < count, step, (0, tf.zeros_like(steps[0]), sums))
    return tf.transpose(sums.stack(), (1, 0, 2))


def nested_loops(x: Any) -> Any:
    """Map over time, and over the rows in each step."""
    steps = tf.transpose(x, (1, 0, 2))
    return tf.map_fn(lambda step: tf.map_fn(lambda row: row * 2.0 + tf.reduce_sum(row), step), steps)


def branch_in_loop(x: Any) -> Any:
    """Write to a TensorArray in one branch or the other."""
    steps = tf.transpose(x, (1, 0, 2))
    count = tf.shape(steps)[0]

    def step(index: Any, written: Any) -> Any:
        now = steps[index]
        up, down = (lambda: written.write(index, now * 2.0)), (lambda: written.write(index, -now))
        return index + 1, tf.cond(tf.reduce_sum(now) > 0.0, up, down)

    _, written = tf.while_loop(lambda index, _: index < count, step, (0, tf.TensorArray(tf.float32, size=count)))
    return tf.transpose(written.stack(), (1, 0, 2))


def growing_list(x: Any) -> Any:
    """Write to a TensorArray that grows with each step."""
    steps = tf.transpose(x, (1, 0, 2))
    count = tf.shape(steps)[0]
    written = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    _, written = tf.while_loop(
        lambda index, _: index < count, lambda index, old: (index + 1, old.write(index, steps[index])), (0, written)
    )
    return tf.transpose(written.stack(), (1, 0, 2))


def write(folder: Path, name: str, call: Callable[[Any], Any], shape: tuple[int | None, ...], kept: Any = ()) -> None:
    """Save a SavedModel of a function, record its outputs, rewrite and convert."""
    spec = tf.TensorSpec(shape, tf.float32, name="x")
    function = tf.function(lambda x: {"y": call(x)}, autograph=False).get_concrete_function(x=spec)
    module = tf.Module()
    module.kept = kept
    source, target = folder / f"{name}.source", folder / f"{name}.rewritten"
    tf.saved_model.save(module, str(source), signatures={"serving_default": function})
    recorded = {}
    for index, x in enumerate(examples(name)):
        recorded |= {f"x{index}": x, f"y{index}": function(x=tf.constant(x))["y"].numpy()}
    np.savez(folder / f"{name}.npz", **recorded)
    if rewrite(source, target, ["serving_default"]):
        litert.convert(target, ["serving_default"], folder / f"{name}.tflite")


def examples(name: str) -> Iterator[Any]:
    """Yield random inputs, with steps of zeros that Masking skips."""
    generator = np.random.default_rng(len(name))
    for rows, steps in SIZES:
        x = generator.normal(size=(rows, steps, FEATURES)).astype(np.float32)
        yield x * (generator.uniform(size=(rows, steps, 1)) > 0.3).astype(np.float32)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
