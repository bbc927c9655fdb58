"""Write a Keras model with a loss and metrics, and data with targets.

``python tests/compiler/compiled_model.py FOLDER``; in a process of its own, so that tests never import TensorFlow.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np


def main(folder: Path) -> None:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,), name="x")
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="p")(inputs))
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(loss=loss, metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top2")])
    model.save(folder / "model.keras")
    rows = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    np.savez(folder / "data.npz", x=rows, y=rows[:, :3].argmax(axis=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
