"""``lightship compare``: output and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lightship.cli import lightship
from lightship.cli.output.failures import REFUSED, UNMET
from tests.bundles import Registries
from tests.evaluation import datasets


def run(registries: Registries, data: Path, *words: str) -> Result:
    common = ["--data", str(data), "--registry", str(registries.examples), "--bootstrap", "10"]
    return CliRunner().invoke(lightship, ["compare", "quickstart@1", "quickstart", *common, *words])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return datasets.write_csv(tmp_path / "data.csv")


def test_compare_json_has_differences_and_requirements(registries: Registries, data: Path) -> None:
    result = run(registries, data, "--json", "--require", "accuracy>=-0.005")
    record = json.loads(result.stdout)
    assert result.exit_code == 0
    assert record["outputs"][0]["metrics"]["accuracy"]["difference"] == 0
    assert record["requirements"] == [{"requirement": "accuracy>=-0.005", "difference": 0.0, "holds": True}]


def test_compare_unmet_requirement_has_own_exit_code(registries: Registries, data: Path) -> None:
    result = run(registries, data, "--require", "accuracy>=-0.005", "--require", "accuracy>0")
    assert result.exit_code == UNMET
    assert "accuracy>0 does not hold" in result.stdout


@pytest.mark.parametrize("requirement", ["accuracy", "rmse<=0"])
def test_compare_unfit_requirement_is_refused(registries: Registries, data: Path, requirement: str) -> None:
    assert run(registries, data, "--require", requirement).exit_code == REFUSED


def test_compare_undefined_metric_is_refused_with_reason(registries: Registries, data: Path) -> None:
    lines = data.read_text().splitlines()
    data.write_text("\n".join([lines[0], *(line for line in lines if "malignant" in line)]))
    result = run(registries, data, "--require", "roc_auc>=-0.01")
    assert result.exit_code == REFUSED
    assert "undefined" in result.output
    assert "one class" in result.output
    assert "warning: data.csv, column 'malignancy'" in result.output
