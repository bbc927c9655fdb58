"""Network of 30 columns that is explained beside shap.

``python -m benchmarks.explain.network`` reads a folder from standard input, trains the network on breast cancer, and
compiles it into the registry ``models`` of the folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_breast_cancer

from lightship.compiler import CompileOptions, compile_model
from lightship.registry.registry import Registry


def main() -> None:
    """Train and compile into the folder from standard input."""
    folder = Path(json.load(sys.stdin)["folder"])
    keras.utils.set_random_seed(1)
    rows, targets = load_breast_cancer(return_X_y=True)
    rows = rows.astype(np.float32)
    np.savez(folder / "data.npz", features=rows)
    _trained(rows, targets).save(folder / "cancer.keras")
    options = CompileOptions(data=folder / "data.npz")
    compile_model(folder / "cancer.keras", registry=Registry(str(folder / "models")), options=options)
    json.dump({}, sys.stdout)


def _trained(rows: np.ndarray, targets: np.ndarray) -> keras.Model:
    normalization = layers.Normalization()
    normalization.adapt(rows)
    inputs = keras.Input((rows.shape[1],), name="features")
    hidden = layers.Dense(32, "relu")(layers.Dense(64, "relu")(normalization(inputs)))
    model = keras.Model(inputs, layers.Dense(1, "sigmoid", name="malignant")(hidden))
    model.compile("adam", "binary_crossentropy")
    model.fit(rows, targets, epochs=15, verbose=0)
    return model


if __name__ == "__main__":
    main()
