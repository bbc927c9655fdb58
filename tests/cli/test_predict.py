"""``lightship predict``: the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner

from lightship.bundle import write_manifest
from lightship.cli import lightship
from lightship.registry.registry import Registry
from tests.bundles import Registries


def test_predict_nan_probability_is_dash(registries: Registries, tmp_path: Path) -> None:
    registry, bundle = Registry(str(tmp_path)), Registry(str(registries.small)).open("roots")
    signature = bundle.manifest.signature()
    signature = signature._replace(outputs=(replace(signature.outputs[0], classes=("low", "high")),))
    with registry.staging() as staged:
        bundle.copy(staged)
        registry.publish("roots", write_manifest(staged, bundle.manifest._replace(signatures=(signature,))))
    result = CliRunner().invoke(lightship, ["predict", "roots", "[[-1, -1], [0, 1]]", "--registry", str(tmp_path)])
    assert result.exit_code == 0, result.output
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in result.stdout.splitlines() if "│" in line]
    assert rows == [["1", "[null,null]", "-", "-"], ["2", "[0.0,1.0]", "high", "1.0000"]]
