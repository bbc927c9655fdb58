"""Models for tests of error messages, tensor names and generated samples.

``python -m tests.compiler.described_models FOLDER`` writes the models, opens each as the compiler's child process does,
but all in this process, and prints JSON by file name: ``refused`` (class name), ``message`` and ``detail``, or the
signature, the generated inputs, hints and notes.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lightship.compiler import sources
from lightship.compiler.description import child as describe
from lightship.compiler.verification import samples
from lightship.compiler.verification.recordings import record
from lightship.errors import EngineError, LightshipError

layers = keras.layers
TRUSTED = {"lambda_without_import.keras", "lambda_activation.keras", "registered.keras"}


@keras.saving.register_keras_serializable("mine")
class Scale(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return x * 2


def named_relu(x: Any) -> Any:
    return tf.nn.relu(x)


class Images(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="image_bytes")])
    def serve(self, image_bytes: Any) -> Any:
        def mean(encoded: Any) -> Any:
            image = tf.cast(tf.io.decode_jpeg(encoded, channels=3), tf.float32)
            return tf.reduce_mean(image, axis=(0, 1))

        return {"mean": tf.map_fn(mean, image_bytes, fn_output_signature=tf.float32)}


class OneValue(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="text")])
    def serve(self, text: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_equal(text, "open sesame")]):
            return {"length": tf.strings.length(text)}


class Unsigned(tf.Module):
    def __init__(self) -> None:
        self.weight = tf.Variable(1.0)


def _sequential(*parts: Any) -> Callable[[Path], None]:
    return lambda path: keras.Sequential(list(parts)).save(path)


def _two_inputs(first: str, second: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        a, b = keras.Input((4,), name=first), keras.Input((4,), name=second)
        keras.Model([a, b], layers.Dense(2, name="out")(a + b)).save(path)

    return write


def _mixed(path: Path) -> None:
    colour, plz = keras.Input((1,), dtype="string", name="colour"), keras.Input((1,), dtype="int64", name="zip")
    first = layers.StringLookup(vocabulary=["red", "green", "blue"], output_mode="one_hot")(colour)
    second = layers.IntegerLookup(vocabulary=[10115, 80331], output_mode="multi_hot")(plz)
    inputs = {"colour": colour, "zip": plz}
    model = keras.Model(inputs, layers.Dense(2, "softmax", name="p")(layers.Concatenate()([first, second])))
    (model.save if path.suffix else model.export)(path)


def _text(path: Path) -> None:
    text = layers.TextVectorization(max_tokens=50, output_sequence_length=8)
    text.adapt(["the cat sat", "a dog"])
    head = [layers.Embedding(50, 8), layers.GlobalAveragePooling1D(), layers.Dense(1)]
    keras.Sequential([keras.Input((1,), dtype="string"), text, *head]).save(path)


def _normalization(path: Path) -> None:
    scale = layers.Normalization()
    scale.adapt(np.array([[1000.0, 2e-3], [2000.0, 3e-3], [3000.0, 4e-3]]))
    keras.Sequential([keras.Input((2,)), scale, layers.Dense(3, "tanh")]).save(path)


def _graph_of_tensorflow_1(path: Path) -> None:
    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        first, second = v1.placeholder(tf.float32, (None, 2), name="x"), v1.placeholder(tf.float32, (None, 2), name="a")
        v1.saved_model.simple_save(session, str(path), {"self": first, "größe a": second}, {"y z": first * 2 + second})


def _module(module: Any) -> Callable[[Path], None]:
    signatures = {"serving_default": module.serve} if hasattr(module, "serve") else None
    return lambda path: tf.saved_model.save(module, str(path), signatures=signatures)


def _any_length(path: Path) -> None:
    """Write a model whose export is wrong if the number of time steps is unknown."""
    frames = keras.Input((None, 8, 8, 1), name="frames")
    each = layers.TimeDistributed(layers.Conv2D(2, 3), name="each_frame")
    pooled = layers.TimeDistributed(layers.GlobalAveragePooling2D())
    keras.Sequential([frames, each, pooled, layers.LSTM(3), layers.Dense(2)]).save(path)


def _two_lengths(path: Path) -> None:
    """Write a model of two inputs of any length, which must be equal."""
    ids, mask = (keras.Input((None,), dtype="int32", name=name) for name in ("ids", "mask"))
    embedded, weights = layers.Embedding(20, 4)(ids), keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)
    keras.Model([ids, mask], keras.ops.sum(embedded * weights, axis=1)).save(path)


def _small_values(path: Path) -> None:
    """Write a linear model whose outputs are from 0 to 1 for usual inputs."""
    linear = layers.Dense(1, kernel_initializer=keras.initializers.Constant(0.01), bias_initializer="ones")
    keras.Sequential([keras.Input((2,)), linear, layers.Rescaling(0.5)]).save(path)


def _without_variables(path: Path) -> None:
    keras.Sequential([keras.Input((4,)), layers.Dense(1)]).export(path)
    shutil.rmtree(path / "variables")


def _cut(source: str, share: float) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        data = (path.parent / source).read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return write


def _random(path: Path) -> None:
    path.write_bytes(np.random.default_rng(3).bytes(5000))


MODELS: dict[str, Callable[[Path], None]] = {
    "self.keras": _two_inputs("self", "other"),
    "spaces.keras": _two_inputs("my input", "größe"),
    "same.keras": _two_inputs("a b", "a_b"),
    "layer_name.keras": _sequential(keras.Input((4,)), layers.Dense(2, name="größte")),
    "graph_v1": _graph_of_tensorflow_1,
    "lambda_activation.keras": _sequential(keras.Input((4,)), layers.Dense(3, activation=lambda x: x * 2, name="head")),
    "function_activation.keras": _sequential(keras.Input((4,)), layers.Dense(3, activation=named_relu)),
    "registered.keras": _sequential(keras.Input((4,)), Scale(), layers.Dense(1)),
    "lambda_without_import.keras": _sequential(
        keras.Input((4,)), layers.Lambda(lambda x: tf.multiply(x, 2), output_shape=(4,), name="twice"), layers.Dense(1)
    ),
    "empty.keras": _sequential(),
    "text_without_vocabulary.h5": _text,
    "text.keras": _text,
    "mixed.keras": _mixed,
    "mixed": _mixed,
    "no_unknown_words.keras": _sequential(
        keras.Input((1,), dtype="string"),
        layers.StringLookup(vocabulary=["red", "green"], num_oov_indices=0, output_mode="one_hot"),
        layers.Dense(1),
    ),
    "normalization.keras": _normalization,
    "embedding.keras": _sequential(
        keras.Input((2, 3), dtype="int32"),
        layers.Reshape((6,)),
        layers.Embedding(1234, 4),
        layers.Flatten(),
        layers.Dense(1),
    ),
    "category.keras": _sequential(keras.Input((1,), dtype="int32"), layers.CategoryEncoding(7), layers.Dense(1)),
    "pixels.keras": _sequential(
        keras.Input((8, 8, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(1, "sigmoid")
    ),
    "cnn_lstm.keras": _any_length,
    "two_lengths.keras": _two_lengths,
    "small_values.keras": _small_values,
    "images": _module(Images()),
    "picky": _module(OneValue()),
    "unsigned": _module(Unsigned()),
    "without_variables": _without_variables,
    **{f"cut_{tenth}.keras": _cut("normalization.keras", tenth / 10) for tenth in range(10)},
    **{f"cut_{tenth}.h5": _cut("text_without_vocabulary.h5", tenth / 10) for tenth in range(10)},
    **{f"random{ending}": _random for ending in (".keras", ".h5", ".tflite", ".zip", ".tar.gz", ".bin")},
    **{f"foreign{ending}": _random for ending in (".pt", ".onnx", ".json", ".pb", ".ckpt", ".safetensors")},
}


def threads_of_failed_calls(path: Path) -> int:
    """Return how many threads are left by calls that a model refuses."""
    with tempfile.TemporaryDirectory() as work:
        original = sources.find(path).load(path, Path(work), trust=False)
        inputs = {"ids": np.zeros((3, 16), np.int32), "mask": np.zeros((3, 8), np.int32)}
        counts = []
        for _ in range(4):
            with contextlib.suppress(EngineError):
                original.run("serving_default", inputs)
            counts.append(len(list(Path("/proc/self/task").iterdir())))
        return counts[-1] - counts[0]


def opened(path: Path) -> dict[str, Any]:
    """Return the description of a file, or the error that refuses it."""
    with tempfile.TemporaryDirectory() as work:
        try:
            importer = sources.find(path)
            importer.check(path, Path(work))
            original = importer.load(path, Path(work), trust=path.name in TRUSTED)
            (signature, *_) = original.signatures
            inputs, _ = samples.generate(original.run, signature, original.hints(signature))
            stated = signature
            if path.name == "cnn_lstm.keras":
                recording = record(original, signature, None)
                (stated,) = original.check_export({signature.name: recording.batches})
            described = describe.build({"source": str(path), "trust": path.name in TRUSTED}, lambda stage, done: None)
        except LightshipError as error:
            return {"refused": type(error).__name__, "message": error.message, "detail": error.detail}
    values = {name: [str(value)[:40] for value in array.ravel().tolist()] for name, array in inputs.items()}
    return {
        "signature": stated.to_json(),
        "inputs": values,
        "notes": original.notes,
        "calls": list(original.calls(signature.name, inputs)),
        "pixels": described["pixels"],
        "probabilities": described["probabilities"],
    }


def main(folder: Path) -> None:
    """Write all models and print the description of each."""
    for name, write in MODELS.items():
        write(folder / name)
    found: dict[str, Any] = {name: opened(folder / name) for name in MODELS}
    print(json.dumps({**found, "threads": threads_of_failed_calls(folder / "two_lengths.keras")}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
