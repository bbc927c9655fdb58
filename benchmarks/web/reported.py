"""A registry whose quickstart has a report, which has the application's charts."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer

from benchmarks.examples import ROOT
from benchmarks.stacks import MODEL_NAME

# The columns of the quickstart in the data.
_COLUMNS = {"mean radius": 0, "mean texture": 1, "mean concavity": 6}
_TARGET = "malignancy"


def publish(keras_model: Path, folder: Path) -> Path:
    """Compile the quickstart with targets; return the registry in the folder.

    Raises RuntimeError if the compile fails.
    """
    data, registry = folder / "patients.csv", folder / "models"
    _write(data)
    config = ROOT / "examples" / MODEL_NAME / "model.yaml"
    options: list[str | Path] = [
        "--config",
        config,
        "--data",
        data,
        "--target",
        _TARGET,
        "--registry",
        registry,
        "--no-sandbox",
    ]
    command = [sys.executable, "-m", "lightship", "compile", keras_model, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"cannot compile {keras_model.name} with a report: {done.stderr[-2000:]}")
    return registry


def _write(path: Path) -> None:
    patients = load_breast_cancer()
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_COLUMNS, _TARGET])
        for row, target in zip(patients.data[:, [*_COLUMNS.values()]], patients.target, strict=True):
            writer.writerow([*row, patients.target_names[target]])
