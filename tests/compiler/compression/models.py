"""Models for tests of compression, with data.

``python -m tests.compiler.compression.models FOLDER`` writes them in a separate process.

- ``classes.keras``: two classes of points; ``classes.npz`` and ``classes.csv`` have points and their class.
- ``outliers.keras``: weights of the layer ``spoiled`` have outliers, so that its int8 form is inaccurate.
- ``twice.tflite``: two signatures that share weights.
- ``tied.tflite``: a table of 300 rows is gathered from and multiplied by.
- ``named.tflite``: answers the name of a class beside probabilities.
- ``unsupported``: a SavedModel that only TensorFlow runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def main(folder: Path) -> None:
    keras.utils.set_random_seed(1)
    save_classes(folder)
    save_outliers(folder)
    save_twice(folder)
    save_named(folder)
    save_tied(folder)
    tf.saved_model.save(Determinant(), folder / "unsupported")


def save_classes(folder: Path) -> None:
    points = np.random.default_rng(1).normal(size=(400, 4)).astype(np.float32)
    kinds = (points[:, 0] * points[:, 1] > 0).astype(np.int64)
    inputs = keras.Input((4,), name="point")
    hidden = layers.Dense(64, "relu")(layers.Dense(64, "relu")(inputs))
    model = keras.Model(inputs, layers.Dense(2, "softmax", name="kind")(hidden))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(points, kinds, epochs=20, verbose=0)
    model.save(folder / "classes.keras")
    np.savez(folder / "classes.npz", point=points, kind=kinds)
    rows = [",".join(map(str, (*point, kind))) for point, kind in zip(points.tolist(), kinds.tolist(), strict=True)]
    (folder / "classes.csv").write_text("\n".join(["a,b,c,d,kind", *rows]))


def save_outliers(folder: Path) -> None:
    rng = np.random.default_rng(0)
    stack = [layers.Dense(64, "relu", name=name) for name in ("first", "spoiled", "third")]
    model = keras.Sequential([keras.Input((8,), name="x"), *stack, layers.Dense(1, name="y")])
    weights, bias = model.get_layer("spoiled").get_weights()
    weights *= 0.05
    weights[rng.integers(0, 64, 60), rng.integers(0, 64, 60)] = 4.0
    model.get_layer("spoiled").set_weights([weights, bias])
    model.save(folder / "outliers.keras")
    np.savez(folder / "outliers.npz", x=rng.normal(size=(100, 8)).astype(np.float32))


def save_twice(folder: Path) -> None:
    tf.saved_model.save(module := Twice(), folder / "twice", signatures={"a": module.a, "b": module.b})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "twice"), signature_keys=["a", "b"])
    (folder / "twice.tflite").write_bytes(converter.convert())


def save_named(folder: Path) -> None:
    tf.saved_model.save(module := Named(), folder / "named", signatures={"a": module.a})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "named"), signature_keys=["a"])
    (folder / "named.tflite").write_bytes(converter.convert())


def save_tied(folder: Path) -> None:
    tf.saved_model.save(module := Tied(), folder / "tied", signatures={"a": module.a})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "tied"), signature_keys=["a"])
    (folder / "tied.tflite").write_bytes(converter.convert())


class Tied(tf.Module):
    def __init__(self) -> None:
        self.table = tf.Variable(np.random.default_rng(4).normal(size=(300, 32)).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None, 32], tf.float32, name="x")])
    def a(self, x: Any) -> Any:
        first = tf.matmul(x, self.table, transpose_b=True)
        found = tf.gather(self.table, tf.cast(x[:, 0] > 100, tf.int32))
        return {"y": first + tf.matmul(found, self.table, transpose_b=True)}


class Named(tf.Module):
    def __init__(self) -> None:
        self.weights = tf.Variable(np.random.default_rng(3).normal(0, 1 / 2, (32, 64)).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None, 32], tf.float32, name="x")])
    def a(self, x: Any) -> Any:
        logits = tf.matmul(x, self.weights)
        names = tf.constant([f"class {index}" for index in range(64)])
        return {"p": tf.nn.softmax(logits), "name": tf.gather(names, tf.argmax(logits, axis=1))}


class Twice(tf.Module):
    def __init__(self) -> None:
        rng = np.random.default_rng(2)
        self.first = tf.Variable(rng.normal(0, 1 / 6, (32, 128)).astype(np.float32))
        self.second = tf.Variable(rng.normal(0, 1 / 11, (128, 16)).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec([None, 32], tf.float32, name="x")])
    def a(self, x: Any) -> Any:
        return {"y": tf.matmul(tf.nn.relu(tf.matmul(x, self.first)), self.second)}

    @tf.function(input_signature=[tf.TensorSpec([None, 32], tf.float32, name="x")])
    def b(self, x: Any) -> Any:
        return {"z": tf.nn.softmax(tf.matmul(tf.nn.relu(tf.matmul(x, self.first)), self.second))}


class Determinant(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 2, 2], tf.float32, name="x")])
    def __call__(self, x: Any) -> Any:
        return {"y": tf.linalg.det(x)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
