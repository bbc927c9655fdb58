"""Files with targets for the example models, and the same rows as arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pyarrow as pa
from pyarrow import parquet
from sklearn.datasets import load_breast_cancer, load_digits

from lightship.tensors import Array

COLUMNS = ("mean radius", "mean texture", "mean concavity")
TARGET = "malignancy"


def breast_cancer(rows: int = 569) -> tuple[Array, list[str], list[str]]:
    """Return the columns of the model quickstart, the targets and a site for each row."""
    data = load_breast_cancer()
    names = list(data.feature_names)
    values = data.data[:rows, [names.index(column) for column in COLUMNS]]
    targets = ["benign" if target else "malignant" for target in data.target[:rows]]
    return values, targets, ["abc"[row % 3] for row in range(rows)]


def write_csv(path: Path, rows: int = 569) -> Path:
    values, targets, sites = breast_cancer(rows)
    lines = [",".join([*COLUMNS, TARGET, "site"])]
    for row, target, site in zip(values.tolist(), targets, sites, strict=True):
        lines.append(",".join([*map(repr, row), target, site]))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_json_lines(path: Path, rows: int = 569) -> Path:
    values, targets, sites = breast_cancer(rows)
    records = zip(values.tolist(), targets, sites, strict=True)
    lines = [json.dumps({**dict(zip(COLUMNS, row, strict=True)), TARGET: t, "site": s}) for row, t, s in records]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_parquet(path: Path, rows: int = 569) -> Path:
    values, targets, sites = breast_cancer(rows)
    columns = {name: values[:, index] for index, name in enumerate(COLUMNS)}
    parquet.write_table(pa.table({**columns, TARGET: targets, "site": sites}), path, row_group_size=200)
    return path


def write_npz(path: Path, rows: int = 569) -> Path:
    values, targets, sites = breast_cancer(rows)
    np.savez_compressed(path, features=values, y=targets, site=sites)
    return path


WRITERS = {"csv": write_csv, "jsonl": write_json_lines, "parquet": write_parquet, "npz": write_npz}


def write_images(folder: Path, rows: int = 60) -> Path:
    """Write digits as ``folder/CLASS/NUMBER.png``."""
    data = load_digits()
    for number, (image, target) in enumerate(zip(data.images[:rows], data.target[:rows], strict=True)):
        path = folder / str(target) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray((image * 15).astype(np.uint8)).save(path)
    return folder
