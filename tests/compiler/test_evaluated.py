"""Compiles with data that has targets end with an evaluation, in report.json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lightship.bundle import REPORT
from lightship.compiler import CompileOptions, Report, compile_model
from lightship.errors import CompileError
from lightship.evaluation.evaluate import Options, evaluate
from lightship.model import Model
from lightship.registry.registry import Registry

CONFIG = """
inputs: {x: {kind: tabular, columns: [a, b, c]}}
outputs: {p: {classes: ["no", "yes"]}}
card: {purpose: "Tests  of\\nreports.", licence: MIT}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "model.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    rows = np.random.default_rng(0).normal(size=(300, 3)).round(3).tolist()
    lines = [f"{row[0]},{row[1]},{row[2]},{'yes' if row[0] > 0 else 'no'}" for row in rows]
    path.write_text("\n".join(["a,b,c,answer", *lines]))
    return path


@pytest.fixture
def mlp(sources: Path) -> Path:
    return sources / "mlp.keras"


def compiled(registry: Path, source: Path, **options: object) -> tuple[Report, Model]:
    made = Registry(str(registry))
    report = compile_model(source, registry=made, options=CompileOptions(**options))  # type: ignore[arg-type]
    return report, Model.load(made.open(report.name, report.version))


def test_compile_data_with_target_writes_evaluation(tmp_path: Path, mlp: Path, config: Path, data: Path) -> None:
    report, model = compiled(tmp_path / "one", mlp, config=config, data=data, target="answer")
    again, _ = compiled(tmp_path / "two", mlp, config=config, data=data, target="answer")
    record = json.loads((model.bundle.path / REPORT).read_bytes())
    assert report.digest == again.digest
    assert record["card"] == {"purpose": "Tests of reports.", "licence": "MIT"} == model.manifest.card
    assert record["evaluation"]["data"]["rows"] == 300
    from_command = evaluate(model, data, Options(target="answer")).outputs[0]
    assert report.metrics["p"]["accuracy"]["value"] == from_command.metrics["accuracy"].value
    assert Registry(str(tmp_path / "one")).measurements(report.name, 1)["compiled"]


def test_compile_data_without_target_has_no_report(tmp_path: Path, mlp: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((3, 3)))
    report, model = compiled(tmp_path / "registry", mlp, data=tmp_path / "x.npy")
    assert not report.metrics
    assert REPORT not in model.manifest.files


@pytest.mark.parametrize(
    ("name", "content", "target", "named"),
    [
        ("data.csv", "a,b,c,answer\n1,2,3,perhaps\n", "answer", "data.csv, row 1, column 'answer'.*perhaps"),
        ("data.csv", "a,b,c,answer\n1,2,3,no\n", "nothing", "data.csv.*'nothing'"),
        ("data.npy", None, "answer", "data.npy.*targets"),
        (None, None, "answer", "--data"),
    ],
)
def test_compile_wrong_targets_are_refused(
    tmp_path: Path, mlp: Path, config: Path, name: str | None, content: str | None, target: str, named: str
) -> None:
    path = tmp_path / name if name else None
    if path and content:
        path.write_text(content)
    elif path:
        np.save(path, np.ones((3, 3)))
    registry = Registry(str(tmp_path / "registry"))
    options = CompileOptions(config=config, data=path, target=target)
    with pytest.raises(CompileError, match=named):
        compile_model(mlp, registry=registry, options=options)
    assert registry.models() == []


def test_compile_wrong_target_is_refused_before_conversion(tmp_path: Path, mlp: Path) -> None:
    np.savez(tmp_path / "data.npz", x=np.ones((4, 3), np.float32), answer=np.ones(4))
    stages: list[str] = []
    registry = Registry(str(tmp_path / "registry"))
    options = CompileOptions(data=tmp_path / "data.npz", target="reply")
    with pytest.raises(CompileError, match="data.npz.*'reply'"):
        compile_model(mlp, registry=registry, options=options, progress=lambda stage, _: stages.append(stage))
    assert "record" in stages
    assert "convert" not in stages


def test_compile_keras_reports_loss_and_metrics_of_keras(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    script = Path(__file__).with_name("compiled_model.py")
    subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True)
    config = tmp_path / "model.yaml"
    config.write_text('outputs: {p: {classes: ["a", "b", "c"]}}')
    _, model = compiled(tmp_path / "one", folder / "model.keras", config=config, data=folder / "data.npz")
    record = json.loads((model.bundle.path / REPORT).read_bytes())["evaluation"]["outputs"][0]
    found = record["compiled_metrics"]
    assert found["accuracy"] == pytest.approx(record["metrics"]["accuracy"]["value"], abs=1e-4)
    assert found["loss"] == pytest.approx(record["metrics"]["log_loss"]["value"], abs=1e-3)
