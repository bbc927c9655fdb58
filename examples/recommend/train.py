"""Example model: recommend films to a user, or to a client that lists films.

Data: MovieLens-100K, 100,000 ratings of 1 to 5 stars. A factorisation trained with cross-entropy to predict the films
that a user likes later from those rated before. The model has all that an answer needs: what each user has rated, the
scores of all films, the ten best of those that are new to the user, and the reasons.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from factorisation import LIKES, serving, train
from movielens import TEST, listed, read, split
from ranking import interval, ndcg, recall


def main(path: str) -> None:
    """Train the model and save it at ``path``.

    Write its test rows and their targets next to it as .npz; and in a folder of its name model.yaml, with the files of
    names to which it refers.
    """
    ratings, users, films = read()
    data = split(ratings, len(users), len(films), start=TEST)
    model = serving(train(data.train, len(users), len(films)), data.history)
    model.save(path)

    targets = data.targets[data.users]
    named, likes = data.users[:, None].astype("int32"), padded(listed(data, LIKES) > 0)
    nothing = np.full((len(named), LIKES), -1, "int32")
    rows = {
        "the name of a user": {"user": named, "liked": nothing},
        f"up to {LIKES} liked films": {"user": nothing[:, :1], "liked": likes},
    }
    for form, inputs in rows.items():
        top = model.predict(inputs, batch_size=256, verbose=0)["films"]
        for name, figure in {"nDCG@10": ndcg, "recall@10": recall}.items():
            mean, low, high = interval(figure(top, targets))
            print(f"{name} of {len(targets)} test users, from {form}: {mean:.4f} ({low:.4f} to {high:.4f})")

    # Both forms of each test user, in turns.
    user, liked = (np.hstack([form[name] for form in rows.values()]) for name in ("user", "liked"))
    np.savez_compressed(
        Path(path).with_suffix(".npz"),
        user=user.reshape(-1, 1),
        liked=liked.reshape(-1, LIKES),
        films=np.repeat(padded(targets), len(rows), axis=0),
    )
    folder = Path(path).with_suffix("")
    folder.mkdir(exist_ok=True)
    shutil.copy(Path(__file__).with_name("model.yaml"), folder)
    for name, lines in {"films.txt": films, "users.txt": users}.items():
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")


def padded(table: np.ndarray) -> np.ndarray:
    """Return each row's indices of true columns, int32 [rows, longest], -1 after."""
    rows = np.full((len(table), table.sum(1).max()), -1, "int32")
    for row, columns in zip(rows, table, strict=True):
        indices = np.flatnonzero(columns)
        row[: len(indices)] = indices
    return rows


if __name__ == "__main__":
    main(sys.argv[1])
