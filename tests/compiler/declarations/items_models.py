"""A small recommender of 50 things.

``python -m tests.compiler.declarations.items_models FOLDER`` writes ``shop.keras``, ``things.txt``, ``users.txt`` and
``model.yaml``. Things are liked with their neighbours: scores are highest for those next to the things in ``liked``,
and a user adds a little to the thing of its own index. It never recommends what is liked already. ``thing 20`` and
``thing 7`` have hostile names.
"""

from __future__ import annotations

import sys
from pathlib import Path

THINGS = 50
USERS = ("ada", "bob", "7", "eve")
LENGTH = 4
TOP = 5
REASONS = 2
NAMES = [f"thing {number:02}" for number in range(THINGS)]
NAMES[7] = '<b onclick="alert(1)">Seven, "7" & more</b>'
NAMES[20] = "الشيء عشرون"
NAMES[21] = "Größe; Ñandú, 東京"
NAMES[22] = "=1+1"
MODEL_YAML = """\
inputs:
  user: {kind: items, names: users.txt}
  liked: {kind: items, names: things.txt}
outputs:
  things: {names: things.txt, scores: score, reasons: because}
  because: {names: things.txt}
"""


def main(folder: Path) -> None:
    import keras
    import numpy as np
    from keras import ops

    keras.utils.set_random_seed(20)
    user, liked = keras.Input((1,), dtype="int32", name="user"), keras.Input((LENGTH,), dtype="int32", name="liked")
    distance = np.abs(np.arange(THINGS)[:, np.newaxis] - np.arange(THINGS)).astype(np.float32)
    near = 1 / (1 + distance) - 2 * (distance == 0)
    closeness = keras.layers.Embedding(THINGS + 1, THINGS, weights=[np.vstack([np.zeros((1, THINGS)), near])])
    effects = closeness(liked + 1)  # [batch, liked, things]; padding is -1
    own = ops.concatenate([np.zeros((1, THINGS), "float32"), 0.01 * np.eye(len(USERS), THINGS, dtype="float32")])
    scores = ops.sum(effects, axis=1) + ops.sum(ops.take(own, user + 1, axis=0), axis=1)
    best, things = ops.top_k(scores, TOP)
    rows = ops.transpose(effects, (0, 2, 1))  # [batch, things, liked]
    of_things = ops.take_along_axis(rows, ops.expand_dims(things, -1), axis=1)
    strength, place = ops.top_k(of_things, REASONS)
    because = ops.take_along_axis(ops.expand_dims(liked, 1) + 0 * ops.cast(of_things, "int32"), place, axis=2)
    because = ops.where(strength > 0.1, because, -1)
    keras.Model([user, liked], {"things": things, "score": best, "because": because}).save(folder / "shop.keras")

    (folder / "things.txt").write_text("\n".join(NAMES) + "\n")
    (folder / "users.txt").write_text("\r\n".join(USERS) + "\r\n", "utf-8-sig")
    (folder / "model.yaml").write_text(MODEL_YAML)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
