"""The examples' train.py: what it writes, and reports of compiled versions.

Epochs are few, so that a test takes seconds; ``make examples`` trains in full, and the reports are of its versions.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.emulator import EXAMPLES, ROOT

FOLDER = EXAMPLES.parent


def train(name: str, path: Path, epochs: int) -> dict[str, float]:
    """Run an example's train.py; return the accuracy on test data by the model's name."""
    code = "import sys; train.EPOCHS = int(sys.argv[2]); train.main(sys.argv[1])"
    command = [sys.executable, "-c", f"from examples.{name} import train; {code}", str(path), str(epochs)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found = re.findall(r"^accuracy\w* on \d+ test \w+, ([\w ]+): ([\d.]+) ", run.stdout, re.MULTILINE)
    return {model: float(accuracy) for model, accuracy in found}


@pytest.mark.parametrize(
    ("name", "file", "epochs", "least", "inputs", "targets"),
    [
        ("quickstart", "quickstart.keras", 5, 0.85, {"features"}, {"malignancy": {"benign", "malignant"}}),
        ("logistic", "logistic.skops", 0, 0.95, {"features"}, {"probabilities": {"benign", "malignant"}}),
        ("expenses", "expenses.keras", 10, 0.9, {"amount", "nights"}, {"score": {0.0, 1.0}}),
        ("digits", "digits.keras", 2, 0.9, {"image"}, {"digit": set(range(10))}),
        ("photos", "photos.keras", 1, 0.3, {"image"}, {"cell": {"functional", "defective"}}),
    ],
)
def test_train_writes_model_and_test_rows_with_targets(
    name: str,
    file: str,
    epochs: int,
    least: float,
    inputs: set[str],
    targets: dict[str, set[object]],
    tmp_path: Path,
) -> None:
    accuracies = train(name, tmp_path / file, epochs)
    assert next(iter(accuracies.values())) >= least
    assert len(accuracies) == 3, "the network and two baselines"
    assert (tmp_path / file).stat().st_size > 0
    rows = np.load((tmp_path / file).with_suffix(".npz"))
    assert set(rows) == inputs | targets.keys()
    assert {key: set(rows[key].tolist()) for key in targets} == targets
    assert len({len(rows[key]) for key in rows}) == 1


@pytest.mark.parametrize(
    ("version", "metric", "least"),
    [
        ("models/quickstart", "accuracy", 0.9),
        ("sklearn/logistic", "accuracy", 0.95),
        ("models/digits", "accuracy", 0.96),
        ("applications/photos", "roc_auc", 0.75),
    ],
)
def test_version_has_evaluation_and_explanation(version: str, metric: str, least: float) -> None:
    bundle = FOLDER / version / "1"
    (output, *_) = json.loads((bundle / "report.json").read_text())["evaluation"]["outputs"]
    found = output["metrics"][metric]
    assert found["value"] >= least
    assert found["low"] < found["value"] < found["high"]
    assert json.loads((bundle / "manifest.json").read_text())["explain"]


def test_version_with_transform_has_evaluation() -> None:
    report = json.loads((FOLDER / "transformed" / "expenses" / "1" / "report.json").read_text())
    assert report["evaluation"]["outputs"][0]["metrics"]["mse"]["value"] < 0.05
