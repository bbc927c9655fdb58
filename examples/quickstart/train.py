"""Example model: classify a breast tumour by three measurements of its cells.

Data: Breast Cancer Wisconsin (Diagnostic) from scikit-learn. Trained with cross-entropy and gradient descent.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from scipy.stats import binomtest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

COLUMNS = ["mean radius", "mean texture", "mean concavity"]
EPOCHS = 30
TEST = 93  # rows; the other 50 that do not train the model validate it


def main(path: str) -> None:
    """Train the model and save it at ``path``, and test data beside it as .npz."""
    keras.utils.set_random_seed(7)
    data = load_breast_cancer()
    features = data.data[:, [list(data.feature_names).index(column) for column in COLUMNS]].astype("float32")
    malignant = (data.target == 0).astype("float32")
    train, rest, train_target, rest_target = train_test_split(features, malignant, test_size=0.25, random_state=7)
    test, validation = np.split(rest, [TEST])
    test_target, validation_target = np.split(rest_target, [TEST])

    scale = keras.layers.Normalization()
    scale.adapt(train)
    inputs = keras.Input((3,), name="features")
    hidden = keras.layers.Dense(8, activation="tanh")(scale(inputs))
    malignancy = keras.layers.Dense(1, activation="sigmoid", name="malignancy")(hidden)
    model = keras.Model(inputs, malignancy)
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="binary_crossentropy", metrics=["accuracy"])
    fitted = model.fit(train, train_target, validation_data=(validation, validation_target), epochs=EPOCHS, verbose=0)

    print(f"accuracy on {len(validation)} validation rows: {fitted.history['val_accuracy'][-1]:.3f}")
    report("this network", model.predict(test, verbose=0)[:, 0] > 0.5, test_target)
    report("most frequent class", np.full(len(test), train_target.mean() > 0.5), test_target)
    tree = DecisionTreeClassifier(max_depth=4, random_state=7).fit(train, train_target)
    report("decision tree", tree.predict(test) > 0.5, test_target)
    model.save(path)
    diagnoses = np.where(test_target == 1, "malignant", "benign")
    np.savez(Path(path).with_suffix(".npz"), features=test, malignancy=diagnoses)


def report(name: str, predicted: np.ndarray, malignant: np.ndarray) -> None:
    """Print an accuracy and its 95 % interval (Wilson)."""
    right = predicted == (malignant == 1)
    interval = binomtest(right.sum(), len(right)).proportion_ci(method="wilson")
    print(f"accuracy on {len(right)} test rows, {name}: {right.mean():.3f} ({interval.low:.3f} to {interval.high:.3f})")


if __name__ == "__main__":
    main(sys.argv[1])
