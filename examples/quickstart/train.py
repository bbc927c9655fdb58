"""Example model: classify a breast tumour by three measurements of its cells.

Data: Breast Cancer Wisconsin (Diagnostic) from scikit-learn. Trained with cross-entropy and gradient descent.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

COLUMNS = ["mean radius", "mean texture", "mean concavity"]


def main(path: str) -> None:
    """Train the model and save it at ``path``, and its test inputs next to it as .npz."""
    keras.utils.set_random_seed(7)
    data = load_breast_cancer()
    features = data.data[:, [list(data.feature_names).index(column) for column in COLUMNS]].astype("float32")
    malignant = (data.target == 0).astype("float32")
    train, test, train_target, test_target = train_test_split(features, malignant, test_size=0.25, random_state=7)

    scale = keras.layers.Normalization()
    scale.adapt(train)
    inputs = keras.Input((3,), name="features")
    hidden = keras.layers.Dense(8, activation="tanh")(scale(inputs))
    malignancy = keras.layers.Dense(1, activation="sigmoid", name="malignancy")(hidden)
    model = keras.Model(inputs, malignancy)
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(train, train_target, epochs=30, verbose=0)

    _, accuracy = model.evaluate(test, test_target, verbose=0)
    print(f"accuracy on {len(test)} test rows: {accuracy:.3f}")
    model.save(path)
    np.savez(Path(path).with_suffix(".npz"), features=test)


if __name__ == "__main__":
    main(sys.argv[1])
