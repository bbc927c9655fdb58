"""Keras 2 models and the result of compiling each of them.

``python -m tests.compiler.keras2_models FOLDER`` writes each model and its predictions with tf_keras, and compiles
those that ``FOLDER/selected`` lists, in one process, so that TensorFlow is imported once.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tensorflow as tf
import tf_keras as keras

from lightship.compiler.build import build
from lightship.errors import LightshipError

layers = keras.layers
TRUSTED = ("lambda", "lambda_archive", "beyond_the_list")


def main(folder: Path) -> None:
    keras.utils.set_random_seed(1)
    (folder / "bundles").mkdir()
    for write in (write_stacks, write_graphs, write_old_files, write_bad_files):
        write(folder)
    selected = sorted(set(json.loads((folder / "selected").read_text())))
    results = {name: compiled(folder / name, folder / "bundles" / name) for name in selected}
    (folder / "results.json").write_text(json.dumps(results))


def compiled(path: Path, bundle: Path) -> dict[str, Any]:
    """Compile a file as the sandboxed child does; return the result or the error."""
    bundle.mkdir(parents=True)
    job = {"source": path, "folder": bundle, "data": None, "config": {}, "engine": None, "slow": True, "sandbox": ""}
    try:
        return build({**job, "trust": path.stem in TRUSTED}, lambda stage, done: None)
    except LightshipError as error:
        shutil.rmtree(bundle)
        return {"code": error.code, "message": error.message, "detail": error.detail}


def write_stacks(folder: Path) -> None:
    """Write one file for each construct that Keras 3 refuses or computes differently."""

    def save(name: str, *stack: Any) -> None:
        keras.Sequential(list(stack)).save(folder / name)

    image, steps = {"input_shape": (8, 8, 3)}, {"input_shape": (6, 3)}
    words = layers.Embedding(50, 8, input_length=9)
    save("depthwise.h5", layers.DepthwiseConv2D(3, **image))
    save("separable.h5", layers.SeparableConv2D(4, 3, **image))
    save("transpose.h5", layers.Conv2DTranspose(4, 2, strides=2, **image))
    save("spatial_dropout.h5", words, layers.SpatialDropout1D(0.2), layers.GlobalMaxPooling1D())
    save("augmentation.h5", layers.RandomFlip(**image), layers.Conv2D(2, 3))
    save("nested.h5", keras.Sequential([layers.Conv2D(3, 3, **image)]), layers.Flatten(), layers.Dense(2))
    save("slash_in_name.h5", layers.Conv2D(2, 3, name="conv1/conv", **image))
    save("lstm.h5", layers.LSTM(4, **steps), layers.Dense(1))
    save("bidirectional_gru.h5", layers.Bidirectional(layers.GRU(4), **steps), layers.Dense(1))
    save("stateful.h5", layers.LSTM(4, stateful=True, batch_input_shape=(2, 6, 3)))
    save("hard_sigmoid.h5", layers.Activation("hard_sigmoid", input_shape=(4,)))
    save("hard_sigmoid.keras", layers.Activation("hard_sigmoid", input_shape=(4,)))
    save("hard_sigmoid_lstm.h5", layers.LSTM(4, recurrent_activation="hard_sigmoid", **steps))
    save("plain.keras", layers.Dense(3, input_shape=(4,)), layers.Dense(1))
    save("removed.h5", layers.LocallyConnected1D(2, 2, **steps), layers.ThresholdedReLU(0.3))
    save("fixed_batch.h5", layers.Dense(2, batch_input_shape=(3, 4)))
    save("vocabulary.keras", *text_layers(), layers.Embedding(9, 3), layers.GlobalAveragePooling1D())
    save("vocabulary_in_config.h5", *text_layers(["red", "green"]), layers.Embedding(9, 3), layers.Flatten())
    save("lambda.h5", layers.Dense(2, input_shape=(4,)), layers.Lambda(lambda x: x * 2.0))
    shutil.copyfile(folder / "lambda.h5", folder / "lambda_refused.h5")
    save("lambda_archive.keras", layers.Dense(2, input_shape=(4,)), layers.Lambda(lambda x: x * 2.0))


def text_layers(vocabulary: list[str] | None = None) -> list[Any]:
    vectors = layers.TextVectorization(output_sequence_length=4, vocabulary=vocabulary)
    if vocabulary is None:
        vectors.adapt(["the quick fox", "the brown dog"])
    return [keras.Input((1,), dtype="string"), vectors]


def write_graphs(folder: Path) -> None:
    """Write functional models.

    They use operators as layers, attention, and several inputs and outputs in lists and dictionaries.
    """
    query, pixels = keras.Input((8, 4)), keras.Input((8, 8, 3))
    keras.Model(query, layers.MultiHeadAttention(2, 4)(query, query)).save(folder / "attention.h5")
    keras.Model(pixels, layers.Conv2D(2, 3)(pixels / 127.5 - 1.0)).save(folder / "operators.h5")
    keras.Model(pixels, layers.Conv2D(2, 3)(pixels[:, 1:, 1:])).save(folder / "slicing.h5")
    x = keras.Input((4,))
    keras.Model(x, tf.math.special.expint(layers.Dense(2, "sigmoid")(x))).save(folder / "beyond_the_list.h5")
    shutil.copyfile(folder / "beyond_the_list.h5", folder / "beyond_the_list_refused.h5")
    double = keras.Input((4,), dtype="float64", name="double")
    keras.Model(double, layers.Dense(2, dtype="float64")(double)).save(folder / "float64.h5")
    b, a = keras.Input((2,), name="b"), keras.Input((3,), name="a")
    joined = layers.Concatenate()([a, b])
    two = [layers.Dense(1, name="second")(joined), layers.Dense(2, name="first")(joined)]
    keras.Model([b, a], two).save(folder / "lists.h5")
    for suffix in ("h5", "keras"):
        keras.Model({"b": b, "a": a}, {"v": two[0], "u": two[1]}).save(folder / f"dictionaries.{suffix}")


def write_old_files(folder: Path) -> None:
    """Write files in the format of older releases by editing current ones."""
    late = keras.Sequential([layers.Dense(3), layers.Dense(2)])
    late(np.zeros((1, 4), np.float32))
    late.save(folder / "built_by_a_call.h5")
    edit(folder, "built_by_a_call.h5", "unbuilt.h5", drop_input)
    edit(folder, "removed.h5", "no_input_layer.h5", drop_input)
    edit(folder, "removed.h5", "list_of_layers.h5", as_list, version=None)
    shutil.copyfile(folder / "plain.keras", folder / "renamed.zip")
    shutil.copyfile(folder / "lstm.h5", folder / "hdf5_inside.keras")
    write_cudnn(folder)
    write_early_gru(folder)


def write_early_gru(folder: Path) -> None:
    """Write GRU layers and predictions as Keras 2.0 did, before ``reset_after``."""
    steps = np.random.default_rng(2).normal(size=(3, 6, 3)).astype(np.float32)
    cell = layers.RNN(layers.GRUCell(4, bias_initializer="normal", reset_after=False))
    inner = layers.GRU(4, bias_initializer="normal", reset_after=False, return_sequences=True)
    model = keras.Sequential([layers.Bidirectional(inner, input_shape=(6, 3)), cell])
    model.save(folder / "early_gru.h5")
    np.savez(folder / "bundles" / "early_gru.npz", steps=steps, outputs=model.predict(steps, verbose=0))
    edit(folder, "early_gru.h5", "early_gru.h5", without_reset_after, version="2.0.8")


def without_reset_after(config: Any) -> None:
    pending = [config]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            node.pop("reset_after", None)
        pending += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []


def drop_input(config: dict[str, Any]) -> None:
    config["config"]["layers"].pop(0)


def as_list(config: dict[str, Any]) -> None:
    config["config"] = config["config"]["layers"][1:]


def write_cudnn(folder: Path) -> None:
    """Write cuDNN layers and predictions as Keras 2.2 did.

    They have other class names, transposed kernels and two biases.
    """
    steps = np.random.default_rng(1).normal(size=(3, 6, 3)).astype(np.float32)
    for name, layer, gates in (("LSTM", layers.LSTM, 4), ("GRU", layers.GRU, 3)):
        model = keras.Sequential([layer(4, bias_initializer="normal", input_shape=(6, 3))])
        model.save(folder / "recurrent.h5")
        np.savez(folder / "bundles" / f"cudnn_{name}.npz", steps=steps, outputs=model.predict(steps, verbose=0))

        def rename(config: dict[str, Any], name: str = name) -> None:
            recurrent = config["config"]["layers"][1]
            kept = ("name", "units", "return_sequences", "go_backwards", "stateful", "unit_forget_bias")
            inner = {key: value for key, value in recurrent["config"].items() if key in kept}
            recurrent.update(class_name=f"CuDNN{name}", config=inner)

        edit(folder, "recurrent.h5", f"cudnn_{name}.h5", rename)
        with h5py.File(folder / f"cudnn_{name}.h5", "a") as file:
            found: dict[str, Any] = {}
            file["model_weights"].visititems(lambda path, item, found=found: found.update({path: item}))
            for path, item in found.items():
                if isinstance(item, h5py.Dataset):
                    write = cudnn_weights(path, item[()], gates)
                    parent, key = item.parent, path.rpartition("/")[2]
                    del parent[key]
                    parent[key] = write
    (folder / "recurrent.h5").unlink()


def cudnn_weights(path: str, weights: Any, gates: int) -> Any:
    if "bias" in path:  # the GRU has two already
        return weights.ravel() if weights.ndim == 2 else np.concatenate([np.zeros_like(weights), weights])
    parts = np.hsplit(weights, gates)
    if "recurrent_kernel" in path:
        return np.hstack([part.T for part in parts])
    return np.hstack([part.T.reshape(part.shape) for part in parts])


def write_bad_files(folder: Path) -> None:
    """Write files that no package loads, or only with the author's code."""
    keras.Sequential([layers.Dense(2, input_shape=(4,))]).save_weights(folder / "weights_alone.h5")
    with h5py.File(folder / "foreign.h5", "w") as file:
        file["table"] = np.zeros(3)
    edit(folder, "removed.h5", "keras1.h5", None, version="1.2.2")
    edit(folder, "removed.h5", "keras1_unnamed.h5", keras1_arguments, version=None)
    edit(folder, "removed.h5", "keras4.h5", None, version="4.0.1")
    edit(folder, "removed.h5", "no_weights.h5", None)
    with h5py.File(folder / "no_weights.h5", "a") as file:
        del file["model_weights"]
    data = (folder / "nested.h5").read_bytes()
    (folder / "truncated.h5").write_bytes(data[: len(data) // 2])
    ragged = keras.Input((None,), ragged=True, name="words")
    keras.Model(ragged, layers.Dense(2)(ragged.to_tensor(shape=(None, 4)))).save(folder / "ragged.h5")
    edit(folder, "nested.h5", "other_arguments.h5", unknown_argument)
    edit(folder, "nested.h5", "other_shape.h5", other_shape)


def keras1_arguments(config: dict[str, Any]) -> None:
    config["config"]["layers"][1]["config"].update(nb_filter=2, border_mode="valid")


def unknown_argument(config: dict[str, Any]) -> None:
    config["config"]["layers"][-1]["config"]["colour"] = "red"


def other_shape(config: dict[str, Any]) -> None:
    config["config"]["layers"][-1]["config"]["units"] = 5


def edit(
    folder: Path, source: str, name: str, change: Callable[[dict[str, Any]], Any] | None, *, version: str | None = ""
) -> None:
    """Copy a .h5 file, changing its configuration and ``keras_version``.

    A version of None removes the attribute; an empty one keeps it.
    """
    if name != source:
        shutil.copyfile(folder / source, folder / name)
    with h5py.File(folder / name, "a") as file:
        config = json.loads(file.attrs["model_config"])
        if change:
            change(config)
        file.attrs["model_config"] = json.dumps(config)
        if version is None:
            del file.attrs["keras_version"]
        elif version:
            file.attrs["keras_version"] = version


if __name__ == "__main__":
    main(Path(sys.argv[1]))
