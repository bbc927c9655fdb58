"""The example of scikit-learn has the metrics of its model.yaml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.emulator import ROOT
from tests.model_files import write


def test_example_prints_metrics_of_model_yaml(tmp_path: Path) -> None:
    printed = write("examples.logistic.train", tmp_path / "logistic.skops")
    figures = {name: float(value) for name, value in re.findall(r"(\w+) on \d+ test rows: ([\d.]+)", printed)}
    config = yaml.safe_load((ROOT / "examples" / "logistic" / "model.yaml").read_text())
    assert figures == pytest.approx(config["metrics"], abs=1e-3)
    assert set(figures) == {"mse", "accuracy", "precision", "recall"}
    assert (tmp_path / "logistic.skops").is_file()
    assert (tmp_path / "logistic.npz").is_file()
