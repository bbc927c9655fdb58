"""Example model: classify handwritten digits of 8 x 8 pixels with a CNN.

Data: the UCI handwritten digits from scikit-learn, with values from 0 (background) to 16, scaled to 0..1.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def main(path: str) -> None:
    """Train the model and save it at ``path``, and its test inputs next to it as .npz."""
    keras.utils.set_random_seed(7)
    data = load_digits()
    images = (data.images[..., None] / 16).astype("float32")
    train, test, train_target, test_target = train_test_split(images, data.target, test_size=0.25, random_state=7)

    inputs = keras.Input((8, 8, 1), name="image")
    layer = keras.layers.Conv2D(16, 3, activation="relu", padding="same")(inputs)
    layer = keras.layers.Conv2D(32, 3, activation="relu", padding="same")(layer)
    layer = keras.layers.MaxPooling2D()(layer)
    layer = keras.layers.Flatten()(layer)
    digit = keras.layers.Dense(10, activation="softmax", name="digit")(layer)
    model = keras.Model(inputs, digit)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, train_target, epochs=8, batch_size=32, verbose=0)

    _, accuracy = model.evaluate(test, test_target, verbose=0)
    print(f"accuracy on {len(test)} test images: {accuracy:.3f}")
    model.save(path)
    np.savez(Path(path).with_suffix(".npz"), image=test)


if __name__ == "__main__":
    main(sys.argv[1])
