"""Example model: decide which travel expense claims a person must review.

Its transform, ``transforms/euros.py``, reads amounts such as "1.234,50 €" and returns decisions. Data: generated
claims, of which those over about 180 euros a night are to be reviewed. Trained with cross-entropy.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from scipy.stats import binomtest

LIMIT = 180.0


def main(path: str) -> None:
    """Train the model and save it at ``path``, and test claims beside it as .npz."""
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    train, validation, test = generated(400, rng), generated(100, rng), generated(200, rng)

    scale = keras.layers.Normalization()
    scale.adapt(train[0])
    inputs = keras.Input((2,), name="claim")
    hidden = keras.layers.Dense(8, activation="tanh")(scale(inputs))
    score = keras.layers.Dense(1, activation="sigmoid", name="score")(hidden)
    model = keras.Model(inputs, score)
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
    fitted = model.fit(*train, validation_data=validation, epochs=30, verbose=0)

    print(f"accuracy on {len(validation[0])} validation rows: {fitted.history['val_accuracy'][-1]:.3f}")
    claims, review = test
    report("this network", model.predict(claims, verbose=0)[:, 0] > 0.5, review)
    report("most frequent class", np.full(len(review), train[1].mean() > 0.5), review)
    report("amount over its median", claims[:, 0] > np.median(train[0][:, 0]), review)
    model.save(path)
    amounts = np.array([text(amount) for amount in claims[:, 0]])
    np.savez(Path(path).with_suffix(".npz"), amount=amounts, nights=claims[:, 1], score=review)


def generated(rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return claims [rows, 2], euros and nights, and 1 for each to be reviewed."""
    nights = rng.integers(1, 8, rows).astype("float32")
    amounts = np.round(nights * rng.uniform(40, 400, rows), 2).astype("float32")
    return np.stack([amounts, nights], axis=1), (amounts / nights > LIMIT).astype("float32")


def report(name: str, predicted: np.ndarray, review: np.ndarray) -> None:
    """Print an accuracy and its 95 % interval (Wilson)."""
    right = predicted == (review == 1)
    interval = binomtest(right.sum(), len(right)).proportion_ci(method="wilson")
    print(f"accuracy on {len(right)} test rows, {name}: {right.mean():.3f} ({interval.low:.3f} to {interval.high:.3f})")


def text(amount: np.float32) -> str:
    """Return an amount as claims have it: ``1.234,50 €``."""
    return f"{amount:,.2f} €".translate(str.maketrans(",.", ".,"))


if __name__ == "__main__":
    main(sys.argv[1])
