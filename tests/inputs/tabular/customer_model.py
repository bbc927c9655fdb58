"""Model for the table of customers; ``python -m`` this module writes a file."""

from __future__ import annotations

import sys

import keras


def main(path: str) -> None:
    keras.utils.set_random_seed(15)
    x = keras.Input((10,), name="x")
    city = keras.layers.Embedding(4, 3)(x[:, 2])  # an index beyond the categories is an error
    rest = keras.layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(stddev=1e-4))(x)
    joined = keras.layers.Concatenate()([city, rest])
    outputs = keras.layers.Dense(1, "sigmoid", name="leaves")(joined)
    keras.Model(x, outputs).save(path)


if __name__ == "__main__":
    main(sys.argv[1])
