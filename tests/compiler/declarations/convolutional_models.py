"""A fully convolutional model of images of any size: edges, and their mean.

``python -m tests.compiler.declarations.convolutional_models FOLDER`` writes ``edges.keras``, ``model.yaml``, and
``photos`` with one class of images of three sizes.
"""

from __future__ import annotations

import sys
from pathlib import Path

SIZES = ((40, 30), (40, 30), (12, 50))
MODEL_YAML = "inputs: {photo: {kind: image, scale: 0.00392156862745098}}\n"


def main(folder: Path) -> None:
    import keras
    import numpy as np
    from PIL import Image

    keras.utils.set_random_seed(20)
    photo = keras.Input((None, None, 3), name="photo")
    hidden = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(photo)
    edges = keras.layers.Conv2D(1, 1, activation="sigmoid", name="edges")(hidden)
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(edges)
    keras.Model(photo, {"mean": mean}).save(folder / "edges.keras")
    (folder / "model.yaml").write_text(MODEL_YAML)
    (folder / "photos" / "a").mkdir(parents=True)
    for number, (width, height) in enumerate(SIZES):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / "a" / f"{number}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
