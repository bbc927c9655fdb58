"""Input files: a table for the quickstart model, and images of digits."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.stacks import BUILT

FOLDER = BUILT / "jobs"

# Names of the inputs: rows of a file, an object for each image, and images in tar files.
TABLE, SINGLE, PACKED = "CSV", "single images", "images in tar files"

COLUMNS = b"mean radius,mean texture,mean concavity\n"

# Ranges of radius, texture and concavity in the quickstart model's data, and its number of decimals.
_LOW, _HIGH, _DIGITS = np.array([7.0, 10.0, 0.0]), np.array([24.0, 34.0, 0.4]), 4


@dataclass(frozen=True)
class Input:
    """Input of a job: a file or a folder of images, for an example model."""

    name: str
    model: str
    path: Path
    rows: int


def table(rows: int, folder: Path = FOLDER) -> Input:
    """Write a reproducible CSV file of random rows."""
    path = folder / f"rows-{rows}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(COLUMNS + lines(rows))
    return Input(TABLE, "quickstart", path, rows)


def lines(rows: int) -> bytes:
    """Return the rows of such a file."""
    values = np.random.default_rng(7).uniform(_LOW, _HIGH, (rows, len(_LOW))).round(_DIGITS)
    return b"".join(b"%a,%a,%a\n" % tuple(row) for row in values.tolist())


def images(count: int, name: str) -> Input:
    """Write PNG files of 28 x 28 pixels: scikit-learn's digits, repeated.

    ``name`` is SINGLE or PACKED, which is how they are uploaded.
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    folder = FOLDER / f"images-{count}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pixels = (load_digits().images / 16 * 255).round().astype(np.uint8)
    for number in range(count):
        buffer = io.BytesIO()
        Image.fromarray(pixels[number % len(pixels)]).resize((28, 28)).save(buffer, "PNG")
        (folder / f"{number:06}.png").write_bytes(buffer.getvalue())
    return Input(name, "digits", folder, count)
