"""Harmless and malicious Keras 2 files, written by tf_keras.

``python -m tests.compiler.keras2_files FOLDER`` writes them in a separate process, so that the tests' process never
imports TensorFlow.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import h5py
import tensorflow as tf
import tf_keras as keras

layers = keras.layers


def main(folder: Path) -> None:
    for name, model in models(folder).items():
        for suffix in ("h5", "keras"):
            model.save(folder / f"{name}.{suffix}")
    edit(folder, "operators", "reads", lambda layer: layer["config"].update(function="io.read_file"))
    edit(folder, "operators", "raw", lambda layer: layer["config"].update(function="raw_ops.WriteFile"))
    edit(folder, "operators", "calls_python", lambda layer: layer["config"].update(function="py_function"))
    edit(folder, "operators", "loads", lambda layer: layer["config"].update(function="load_op_library"))
    edit(folder, "operators", "node", lambda layer: layer.update(node_layer("Abort", {})))
    edit(folder, "operators", "good_node", lambda layer: layer.update(node_layer("Mul", {"T": {"type": "DT_FLOAT"}})))
    edit(
        folder,
        "operators",
        "calls",
        lambda layer: layer.update(node_layer("PartitionedCall", {"f": {"func": {"name": "g"}}})),
    )
    edit(
        folder,
        "operators",
        "handles",
        lambda layer: layer.update(node_layer("ParseTensor", {"out_type": {"type": 20}})),
    )


def models(folder: Path) -> dict[str, Any]:
    """Return models by file name; ``good_…`` and ``operators`` are harmless."""
    x, image = keras.Input((3,), name="x"), keras.Input((8, 8, 3), name="image")
    word = keras.Input((1,), dtype="string", name="word")
    steps, ragged = keras.Input((6, 4), name="steps"), keras.Input((None,), ragged=True)
    vocabulary = folder / "vocabulary.txt"
    vocabulary.write_text("red\ngreen\n")
    return {
        "good_dense": keras.Sequential([keras.Input((3,)), layers.Dense(2, "relu"), layers.LeakyReLU()]),
        "good_recurrent": keras.Model(steps, layers.Bidirectional(layers.LSTM(3))(layers.GRU(3)(steps)[:, None])),
        "good_slices": keras.Model(image, layers.Conv2D(2, 3)(image[:, 1:, :, :2])),
        "good_ragged": keras.Model(ragged, layers.Dense(2)(ragged.to_tensor(shape=(None, 4)))),
        "good_local": keras.Model(steps, layers.LocallyConnected1D(2, 2)(layers.ThresholdedReLU()(steps))),
        "good_words": keras.Model(word, layers.StringLookup(vocabulary=["red"], output_mode="multi_hot")(word)),
        "operators": keras.Model(x, tf.nn.relu(layers.Dense(2)(x) / 127.5 - 1.0)),
        "bytecode": keras.Model(x, layers.Lambda(lambda t: t * 2.0, name="evil")(x)),
        "function": keras.Model(x, layers.Lambda(double, name="evil")(x)),
        "nested": keras.Model(steps, layers.TimeDistributed(layers.Lambda(lambda t: t * 2.0, name="evil"))(steps)),
        "custom": keras.Model(x, Mine()(x)),
        "activation": keras.Model(x, layers.Dense(2, activation=lambda t: t * 2.0)(x)),
        "named_activation": keras.Model(x, layers.Dense(2, activation=double)(x)),
        "vocabulary": keras.Model(word, layers.StringLookup(vocabulary=str(vocabulary))(word)),
    }  # fmt: skip


def double(t: Any) -> Any:
    return t * 2.0


@keras.saving.register_keras_serializable("mine")
class Mine(layers.Layer):  # type: ignore[misc]
    def call(self, inputs: Any) -> Any:
        return inputs + 1.0


def edit(folder: Path, source: str, name: str, change: Any) -> None:
    """Copy a .h5 file and apply a change to its first TFOpLambda layer."""
    (folder / f"{name}.h5").write_bytes((folder / f"{source}.h5").read_bytes())
    with h5py.File(folder / f"{name}.h5", "a") as file:
        config = json.loads(file.attrs["model_config"])
        change(next(layer for layer in config["config"]["layers"] if layer["class_name"] == "TFOpLambda"))
        file.attrs["model_config"] = json.dumps(config)


def node_layer(operator: str, attributes: dict[str, Any]) -> dict[str, Any]:
    node = {"name": "n", "op": operator, "attr": attributes}
    return {
        "class_name": "TensorFlowOpLayer",
        "module": "tf_keras.src.engine.base_layer",
        "registered_name": "TensorFlowOpLayer",
        "config": {"name": "n", "node_def": node, "constants": {}},
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
