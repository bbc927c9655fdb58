"""Example model: decide which travel expense claims a person must review.

Its transform, ``transforms/euros.py``, reads amounts such as "1.234,50 €" and returns decisions. Data: generated
claims, of which those over about 180 euros a night are to be reviewed. Trained with cross-entropy.
"""

import sys
from pathlib import Path

import keras
import numpy as np

ROWS = 400
LIMIT = 180.0


def main(path: str) -> None:
    """Train the model and save it at ``path``, and a client's inputs as .npz."""
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    nights = rng.integers(1, 8, ROWS).astype("float32")
    amounts = np.round(nights * rng.uniform(40, 400, ROWS), 2).astype("float32")
    claims = np.stack([amounts, nights], axis=1)
    review = (amounts / nights > LIMIT).astype("float32")

    scale = keras.layers.Normalization()
    scale.adapt(claims)
    inputs = keras.Input((2,), name="claim")
    hidden = keras.layers.Dense(8, activation="tanh")(scale(inputs))
    score = keras.layers.Dense(1, activation="sigmoid", name="score")(hidden)
    model = keras.Model(inputs, score)
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(claims, review, epochs=30, verbose=0)

    _, accuracy = model.evaluate(claims, review, verbose=0)
    print(f"accuracy on {ROWS} rows: {accuracy:.3f}")
    model.save(path)
    np.savez(Path(path).with_suffix(".npz"), amount=np.array([text(amount) for amount in amounts]), nights=nights)


def text(amount: np.float32) -> str:
    """Return an amount as claims have it: ``1.234,50 €``."""
    return f"{amount:,.2f} €".translate(str.maketrans(",.", ".,"))


if __name__ == "__main__":
    main(sys.argv[1])
