"""Usual way to score images in S3: boto3, Pillow, ``predict``, pandas.

Batches have 1024 images. Arguments: paths of model, output and figures, the prefix (``s3://bucket/key/``), and a prefix
of a few images to warm up with.
"""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import keras
import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.jobs.clock import Clock

path, target, figures, source, warm = sys.argv[1:]
model = keras.models.load_model(path)
s3 = boto3.client("s3")


def score(location: str) -> None:
    """Score the images and write a CSV file."""
    bucket, prefix = urlsplit(location).netloc, urlsplit(location).path[1:]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page["Contents"]]
    predictions = []
    for start in range(0, len(keys), 1024):
        batch = []
        for key in keys[start : start + 1024]:
            image = Image.open(s3.get_object(Bucket=bucket, Key=key)["Body"])
            batch.append(np.asarray(image.convert("L").resize((28, 28)), "float32")[..., None] / 255)
        predictions.append(model.predict(np.stack(batch), batch_size=1024, verbose=0))
    digits = np.concatenate(predictions)
    frame = pd.DataFrame({"key": keys, "predicted_digit": digits.argmax(axis=1)})
    for digit in range(10):
        frame[f"probability_{digit}"] = digits[:, digit]
    frame.to_csv(target, index=False)


score(warm)
clock = Clock()
score(source)
Path(figures).write_text(json.dumps(clock.stop()))
