"""Usual way to score a table: pandas and ``model.predict``.

Batches have 1024 rows. Arguments: paths of model, output, figures and input.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from benchmarks.jobs.clock import Clock

path, target, figures, source = sys.argv[1:]
model = keras.models.load_model(path)


def score() -> None:
    """Score the CSV file and write another one."""
    frame = pd.read_csv(source)
    malignant = model.predict(frame.to_numpy("float32"), batch_size=1024)[:, 0]
    frame["predicted_malignancy"] = np.where(malignant > 0.5, "malignant", "benign")
    frame["probability_benign"] = 1 - malignant
    frame["probability_malignant"] = malignant
    frame.to_csv(target, index=False)


score()  # warm-up
clock = Clock()
score()
Path(figures).write_text(json.dumps(clock.stop()))
