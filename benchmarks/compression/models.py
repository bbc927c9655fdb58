"""Six models that are trained in a minute each, and rows with targets.

``python -m benchmarks.compression.models`` reads a name and a folder from standard input, trains the model, and writes
it and ``data.npz`` to the folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_sample_images

from benchmarks.compression.part import MODELS
from lightship.tensors import Array
from lightship.tensors.archive import write_arrays

TARGET = "target"
_TEST_ROWS = 400
_WORDS, _LENGTH = 200, 32
_SIDE = 96


def main() -> None:
    """Train the model of the parameters from standard input."""
    parameters = json.load(sys.stdin)
    keras.utils.set_random_seed(1)
    TRAINERS[parameters["model"]](Path(parameters["folder"]) / MODELS[parameters["model"]].file)
    json.dump({}, sys.stdout)


def _breast_cancer(path: Path) -> None:
    import skops.io
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, classes = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), MLPClassifier((128, 128), random_state=0, max_iter=100))
    skops.io.dump(model.fit(rows, classes), path)
    np.savez(path.parent / "data.npz", features=rows, target=classes)


def _diabetes(path: Path) -> None:
    rows, targets = load_diabetes(return_X_y=True)
    inputs = keras.Input((10,), name="features")
    hidden = layers.Dense(256, "relu")(layers.Dense(256, "relu")(inputs))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile("adam", "mse")
    _fit(model, rows.astype(np.float32), targets.astype(np.float32), path, epochs=60)


def _digits(path: Path) -> None:
    images, classes = load_digits(return_X_y=True)
    inputs = keras.Input((8, 8, 1), name="image")
    hidden = layers.Conv2D(32, 3, padding="same", activation="relu")(layers.Rescaling(1 / 16)(inputs))
    hidden = layers.Conv2D(64, 3, padding="same", activation="relu")(hidden)
    hidden = layers.Dense(128, "relu")(layers.Flatten()(layers.MaxPooling2D()(hidden)))
    model = keras.Model(inputs, layers.Dense(10, "softmax")(hidden))
    model.compile("adam", "sparse_categorical_crossentropy")
    _fit(model, images.reshape(-1, 8, 8, 1).astype(np.float32), classes, path, epochs=10)


def _mobile(path: Path) -> None:
    """Train a network of separable convolutions to name the photograph of a patch."""
    inputs = keras.Input((_SIDE, _SIDE, 3), name="image")
    hidden = _activated(
        layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(layers.Rescaling(1 / 255)(inputs))
    )
    for filters, strides in ((64, 1), (128, 2), (128, 1), (256, 2), (512, 2), (512, 1), (1024, 2), (1024, 1)):
        hidden = _activated(layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(hidden))
        hidden = _activated(layers.Conv2D(filters, 1, use_bias=False)(hidden))
    model = keras.Model(inputs, layers.Dense(3, "softmax")(layers.GlobalAveragePooling2D()(hidden)))
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    _fit(model, *_patches(1_000), path, epochs=6)


def _activated(features: Any) -> Any:
    return layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(features))


def _patches(count: int) -> tuple[Array, Array]:
    """Return patches of photographs, and the photograph's number.

    The photographs are those of scikit-learn and matplotlib.
    """
    import matplotlib as mpl
    import PIL.Image

    portrait = np.asarray(PIL.Image.open(Path(mpl.get_data_path(), "sample_data", "grace_hopper.jpg")).convert("RGB"))
    photographs = [*load_sample_images().images, portrait]
    rng = np.random.default_rng(1)
    classes = rng.integers(0, len(photographs), count)
    patches = [_patch(rng, photographs[number]) for number in classes]
    return np.stack(patches).astype(np.float32), classes


def _patch(rng: np.random.Generator, photograph: Array) -> Array:
    top, left = (rng.integers(0, size - _SIDE) for size in photograph.shape[:2])
    return photograph[top : top + _SIDE, left : left + _SIDE]


def _lstm(path: Path) -> None:
    inputs = keras.Input((_LENGTH,), dtype="int32", name="words")
    hidden = layers.LSTM(64)(layers.Embedding(_WORDS, 64)(inputs))
    model = keras.Model(inputs, layers.Dense(2, "softmax")(hidden))
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    _fit(model, *_sentences(4_000), path, epochs=6)


def _transformer(path: Path) -> None:
    inputs = keras.Input((_LENGTH,), dtype="int32", name="words")
    hidden = layers.Embedding(_WORDS, 64)(inputs)
    for _ in range(2):
        hidden = layers.LayerNormalization()(hidden + layers.MultiHeadAttention(4, 16)(hidden, hidden))
        wide = layers.Dense(64)(layers.Dense(256, "relu")(hidden))
        hidden = layers.LayerNormalization()(hidden + wide)
    model = keras.Model(inputs, layers.Dense(2, "softmax")(layers.GlobalAveragePooling1D()(hidden)))
    model.compile("adam", "sparse_categorical_crossentropy")
    _fit(model, *_sentences(4_000), path, epochs=3)


def _sentences(count: int) -> tuple[Array, Array]:
    """Return sequences of words, and whether words of the first half are the majority."""
    words = np.random.default_rng(2).integers(0, _WORDS, (count, _LENGTH)).astype(np.int32)
    return words, ((words < _WORDS // 2).mean(axis=1) > 0.5).astype(np.int64)


def _fit(model: Any, rows: Array, targets: Array, path: Path, *, epochs: int) -> None:
    """Train on all rows but the last, which are written with their targets."""
    order = np.random.default_rng(0).permutation(len(rows))
    rows, targets = rows[order], targets[order]
    test = min(_TEST_ROWS, len(rows) // 4)
    model.fit(rows[:-test], targets[:-test], epochs=epochs, batch_size=32, verbose=0)
    model.save(path)
    write_arrays(path.parent / "data.npz", {model.inputs[0].name: rows[-test:], TARGET: targets[-test:]})


TRAINERS: Mapping[str, Callable[[Path], None]] = {
    "table of classes": _breast_cancer,
    "table of numbers": _diabetes,
    "digits": _digits,
    "separable convolutions": _mobile,
    "LSTM": _lstm,
    "transformer": _transformer,
}


if __name__ == "__main__":
    main()
