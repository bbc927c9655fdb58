"""Model files of every format, and files that must be refused.

``python -m tests.compiler.sources FOLDER`` writes them in a separate process, so that the tests' process never imports
TensorFlow.
"""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tensorflow.lite.tools import flatbuffer_utils

from tests.compiler.conftest import EXECUTED


def main(folder: Path) -> None:
    keras.utils.set_random_seed(1)
    save_keras(folder)
    save_saved_models(folder)
    save_tflite(folder)
    save_lambda_layers(folder)
    write_invalid(folder)
    (folder / "keras_api.json").write_text(json.dumps(keras_api()))


def mlp() -> Any:
    normal = layers.Normalization()
    normal.adapt(np.random.default_rng(1).normal(9.0, 3.0, (40, 3)))
    stack = [keras.Input((3,), name="x"), normal, layers.Dense(8, "relu"), layers.Dense(1, "sigmoid", name="p")]
    return keras.Sequential(stack)


def save_keras(folder: Path) -> None:
    mlp().save(folder / "mlp.keras")
    mlp().save(folder / "legacy.h5")
    image = keras.Input((8, 8, 1), name="image")
    hidden = layers.Flatten()(layers.MaxPooling2D()(layers.Conv2D(4, 3, activation="relu")(image)))
    keras.Model(image, layers.Dense(3, "softmax", name="digit")(hidden)).save(folder / "cnn.keras")
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    joined = layers.Concatenate()([a, b]) * 2.0 + 1.0
    two = keras.Model({"a": a, "b": b}, {"u": layers.Dense(1)(joined), "v": layers.Dense(2, "softmax")(joined)})
    two.save(folder / "two.keras")
    ids = keras.Input((5,), dtype="int32", name="ids")
    pooled = layers.GlobalAveragePooling1D()(layers.Embedding(90, 4)(ids))
    keras.Model(ids, layers.Dense(2)(pooled)).save(folder / "embedding.keras")
    steps = keras.Input((6, 4), name="steps")
    keras.Model(steps, layers.Dense(2)(layers.LSTM(5)(steps))).save(folder / "lstm.keras")
    steps = keras.Input((None, 4), name="steps")
    keras.Model(steps, layers.Dense(2)(layers.LSTM(5)(steps))).save(folder / "any_length.keras")
    flags = keras.Input((3,), dtype="bool", name="flags")
    keras.Model(flags, keras.ops.logical_not(flags)).save(folder / "boolean.keras")
    half = keras.Input((3,), dtype="float16", name="half")
    keras.Model(half, layers.Dense(2, dtype="float16")(half)).save(folder / "half.keras")
    text = keras.Input((1,), dtype="string", name="text")
    tokens = layers.TextVectorization(output_sequence_length=4, vocabulary=["quick", "brown", "the"])(text)
    embedded = layers.GlobalAveragePooling1D()(layers.Embedding(10, 3)(tokens))
    keras.Model(text, layers.Dense(2)(embedded)).save(folder / "text.keras")
    noise = keras.Input((3,), name="x")
    keras.Model(noise, Noise()(noise)).save(folder / "custom.keras")
    constant = keras.Input((3,), name="x")
    keras.Model(constant, layers.Dense(2, kernel_initializer="zeros")(constant)).save(folder / "constant.keras")


@keras.saving.register_keras_serializable("mine")
class Noise(layers.Layer):  # type: ignore[misc]
    def call(self, inputs: Any) -> Any:
        return inputs + 1.0


class Modes(tf.Module):  # type: ignore[misc]
    """Two functions, one of them a method ``serve``.

    TFLiteConverter drops a signature of a model that has a method of this name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([[1.0, 2.0], [3.0, 4.0]])

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32, name="x")])
    def serve(self, x: Any) -> Any:
        return {"y": x @ self.weights}

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32, name="x")])
    def encode(self, x: Any) -> Any:
        return {"z": x @ self.weights + 1.0}


def save_saved_models(folder: Path) -> None:
    modes = Modes()
    signatures = {"serving_default": modes.serve, "serve": modes.serve, "encode": modes.encode}
    tf.saved_model.save(modes, str(folder / "modes"), signatures=signatures)
    shutil.make_archive(str(folder / "modes"), "zip", folder / "modes")
    with tarfile.open(folder / "modes.tar.gz", "w:gz") as archive:
        archive.add(folder / "modes", arcname=".")
    save_function(folder / "flex", lambda x: {"y": tf.linalg.det(x)}, (None, 2, 2))
    save_function(folder / "nan", lambda x: {"y": tf.reduce_max(tf.math.log(x), 1)})  # LiteRT keeps NaN
    save_function(folder / "random", lambda x: {"y": x + tf.random.uniform(tf.shape(x))}, (None, 2))
    save_function(folder / "unknown_rank", lambda x: {"y": tf.cond(x[0, 0] > 1e9, lambda: x[0], lambda: x)})
    save_function(folder / "varying_rank", lambda x: {"y": tf.squeeze(x)})
    touch = str(folder / EXECUTED)
    save_function(
        folder / "python", lambda x: {"y": tf.py_function(lambda t: (Path(touch).touch(), t)[1], [x], x.dtype)}
    )
    save_function(folder / "reader", lambda x: {"y": x, "text": tf.io.read_file("/etc/hostname")})
    save_function(folder / "writer", lambda x: (tf.io.write_file(touch, "x"), {"y": x})[1])
    tf.saved_model.save(tf.Module(), str(folder / "unsigned"))
    (folder / EXECUTED).unlink(missing_ok=True)


def save_function(folder: Path, function: Callable[[Any], Any], shape: tuple[int | None, ...] = (None, 2)) -> None:
    concrete = tf.function(function, autograph=False).get_concrete_function(
        x=tf.TensorSpec(shape, tf.float32, name="x")
    )
    module = tf.Module()
    module.function = concrete
    tf.saved_model.save(module, str(folder), signatures={"serving_default": concrete})


def save_tflite(folder: Path) -> None:
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "modes"), signature_keys=["encode"])
    (folder / "named.tflite").write_bytes(converter.convert())
    tanh = tf.function(tf.tanh).get_concrete_function(tf.TensorSpec((1, 3), tf.float32, name="x"))
    content = tf.lite.TFLiteConverter.from_concrete_functions([tanh], tf.Module()).convert()
    unsigned = flatbuffer_utils.convert_bytearray_to_object(content)
    unsigned.signatureDefs = []
    flatbuffer_utils.write_model(unsigned, str(folder / "unnamed.tflite"))
    flex = tf.lite.TFLiteConverter.from_saved_model(str(folder / "flex"))
    flex.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    (folder / "flex.tflite").write_bytes(flex.convert())
    reader = flatbuffer_utils.read_model(str(folder / "flex.tflite"))
    for code in reader.operatorCodes:
        code.customCode = code.customCode and b"FlexReadFile"
    flatbuffer_utils.write_model(reader, str(folder / "flex_reader.tflite"))


def save_lambda_layers(folder: Path) -> None:
    """Write models with a Lambda layer that creates a file when it is executed."""
    touch = str(folder / EXECUTED)
    code = eval(f"lambda x: (__import__('subprocess').run(['touch', {touch!r}]), x)[1]")  # noqa: S307 - no closure
    code = layers.Lambda(code, name="evil")
    model = keras.Sequential([keras.Input((3,), name="x"), code, layers.Dense(2)])
    model.save(folder / "lambda.keras")
    model.save(folder / "lambda.h5")
    (folder / EXECUTED).unlink()


def write_invalid(folder: Path) -> None:
    """Write broken and malicious files, which must be refused."""
    for name in ("mlp.keras", "legacy.h5", "named.tflite"):
        data = (folder / name).read_bytes()
        (folder / f"truncated_{name}").write_bytes(data[: len(data) // 2])
    (folder / "text.txt").write_text("This is not a model.")
    for suffix in ("keras", "h5", "tflite"):
        (folder / f"prose.{suffix}").write_text("This is not a model.")
    with zipfile.ZipFile(folder / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", bytes(64 * 1024**2))
    shutil.copyfile(folder / "mlp.keras", folder / "traversal.keras")
    with zipfile.ZipFile(folder / "traversal.keras", "a") as archive:
        archive.writestr("assets/../../" + EXECUTED, "x")
    shutil.copyfile(folder / "mlp.keras", folder / "foreign.keras")
    with zipfile.ZipFile(folder / "foreign.keras", "a") as archive:
        archive.writestr("setup.py", "x")
    shutil.copyfile(folder / "legacy.h5", folder / "linked.h5")
    with h5py.File(folder / "linked.h5", "a") as file:
        file["model_weights"]["stolen"] = h5py.ExternalLink("/etc/passwd", "/")
    shutil.copyfile(folder / "legacy.h5", folder / "weights.h5")
    with h5py.File(folder / "weights.h5", "a") as file:
        del file.attrs["model_config"]
    with zipfile.ZipFile(folder / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "x")


def keras_api() -> dict[str, list[str]]:
    """Return Keras's public class names by namespace, for the test of the allowlist."""
    areas = (
        "layers",
        "initializers",
        "regularizers",
        "constraints",
        "losses",
        "metrics",
        "dtype_policies",
        "quantizers",
    )
    return {
        area: [name for name, value in vars(getattr(keras, area)).items() if isinstance(value, type)] for area in areas
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
