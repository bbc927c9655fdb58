"""Models with state, and models whose rows depend on each other.

``python -m tests.compiler.stateful_models FOLDER`` writes them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

X = tf.TensorSpec((1, 2), tf.float32, name="x")
ROWS = tf.TensorSpec((None, 2), tf.float32, name="x")


class Counter(tf.Module):  # type: ignore[misc]
    """A counter that adds the inputs of earlier calls."""

    def __init__(self) -> None:
        super().__init__()
        self.total = tf.Variable(10.0)

    @tf.function(input_signature=[X])
    def serve(self, x: Any) -> Any:
        outputs = {"y": x + self.total}
        self.total.assign_add(tf.reduce_sum(x))
        return outputs


class Notes(tf.Module):  # type: ignore[misc]
    """A memory written by one signature and read by another.

    ``remember`` does not use the previous value.
    """

    def __init__(self) -> None:
        super().__init__()
        self.last = tf.Variable([[5.0, 7.0]])

    @tf.function(input_signature=[X])
    def remember(self, x: Any) -> Any:
        self.last.assign(x * 2.0)
        return {"kept": self.last.read_value()}

    @tf.function(input_signature=[X])
    def recall(self, x: Any) -> Any:
        return {"last": self.last + 0.0 * x}


class Table(tf.Module):  # type: ignore[misc]
    """A count of each number received, in a mutable table, which LiteRT lacks."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, 0)

    @tf.function(input_signature=[tf.TensorSpec((1,), tf.int64, name="n")])
    def serve(self, n: Any) -> Any:
        before = tf.ensure_shape(self.seen.lookup(n), (1,))
        self.seen.insert(n, before + 1)
        return {"before": before}


class Reader(tf.Module):  # type: ignore[misc]
    """A lookup in a table that is initialised once."""

    def __init__(self) -> None:
        super().__init__()
        pairs = tf.lookup.KeyValueTensorInitializer(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
        self.table = tf.lookup.StaticHashTable(pairs, -1)

    @tf.function(input_signature=[tf.TensorSpec((1,), tf.string, name="word")])
    def serve(self, word: Any) -> Any:
        return {"index": self.table.lookup(word)}


class DependentRows(tf.Module):  # type: ignore[misc]
    """One signature with independent rows and one with dependent rows."""

    @tf.function(input_signature=[ROWS])
    def double(self, x: Any) -> Any:
        return {"y": x * 2.0}

    @tf.function(input_signature=[ROWS])
    def centre(self, x: Any) -> Any:
        return {"y": x - tf.reduce_mean(x, axis=0, keepdims=True)}


class Detector(tf.Module):  # type: ignore[misc]
    """A non-maximum suppression, which returns a variable number of boxes."""

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, 4), tf.float32, name="boxes"),
            tf.TensorSpec((None,), tf.float32, name="scores"),
        ]
    )
    def serve(self, boxes: Any, scores: Any) -> Any:
        return {"indices": tf.image.non_max_suppression(boxes, scores, 5, 0.5)}


class Queue(tf.Module):  # type: ignore[misc]
    """A TensorFlow 1 variable, which cannot be reset from outside the graph."""

    @tf.function(input_signature=[X])
    def serve(self, x: Any) -> Any:
        handle = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=(1, 2), shared_name="hidden")
        tf.raw_ops.AssignVariableOp(resource=handle, value=x)
        return {"y": tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)}


def main(folder: Path) -> None:
    keras.utils.set_random_seed(1)
    steps = keras.Input(batch_shape=(1, 4, 2), name="steps")
    hidden = keras.layers.LSTM(3, stateful=True)(steps)
    keras.Model(steps, keras.layers.Dense(1, name="out")(hidden)).save(folder / "lstm.keras")
    for module in (Counter(), Table(), Detector(), Queue(), Reader()):
        name = type(module).__name__.lower()
        tf.saved_model.save(module, str(folder / name), signatures={"serving_default": module.serve})
    notes, rows = Notes(), DependentRows()
    tf.saved_model.save(notes, str(folder / "notes"), signatures={"remember": notes.remember, "recall": notes.recall})
    both = {"serving_default": rows.double, "centre": rows.centre}
    tf.saved_model.save(rows, str(folder / "dependent_rows"), signatures=both)
    for name, keys in (("counter", ["serving_default"]), ("notes", ["remember", "recall"]), ("reader", None)):
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / name), signature_keys=keys)
        (folder / f"{name}.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
