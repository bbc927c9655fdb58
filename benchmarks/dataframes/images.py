"""Usual way to score a folder of images: Keras dataset, ``predict``, pandas.

Batches have 1024 images. Arguments: paths of model, input, output and figures.
"""

import json
import sys
from pathlib import Path

import keras
import pandas as pd

from benchmarks.jobs.clock import Clock

path, source, target, figures = sys.argv[1:]
model = keras.models.load_model(path)


def score() -> None:
    """Score the folder and write a CSV file."""
    images = keras.utils.image_dataset_from_directory(
        source, labels=None, color_mode="grayscale", image_size=(28, 28), batch_size=1024, shuffle=False
    )
    digits = model.predict(images.map(lambda pixels: pixels / 255))
    keys = [Path(name).name for name in images.file_paths]
    frame = pd.DataFrame({"key": keys, "predicted_digit": digits.argmax(axis=1)})
    for digit in range(10):
        frame[f"probability_{digit}"] = digits[:, digit]
    frame.to_csv(target, index=False)


score()  # warm-up
clock = Clock()
score()
Path(figures).write_text(json.dumps(clock.stop()))
