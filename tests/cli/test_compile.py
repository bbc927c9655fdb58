from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lightship.bundle import Bundle
from lightship.cli import lightship
from tests.compiler.conftest import sources
from tests.emulator import ROOT

__all__ = ["sources"]  # the fixture of the compiler's tests


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lightship", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_compile_prints_stages_tables_and_next_command(sources: Path, tmp_path: Path) -> None:
    done = run("compile", str(sources / "named.tflite"), "--registry", str(tmp_path), "--name", "spoken")
    assert "sandbox" in done.stderr.splitlines()[1]
    assert done.stderr.splitlines()[-1] == "publishing"
    assert "before: LiteRT" in done.stdout
    assert f"spoken version 1 in {tmp_path} (" in done.stdout
    following = shlex.split(done.stdout.splitlines()[-1].removeprefix("next: "))
    answer = subprocess.run([*following, "--json"], capture_output=True, text=True, check=False)
    assert json.loads(answer.stdout)["predictions"] == [[1.0, 1.0]]


def test_compile_json_prints_nothing_else(sources: Path, tmp_path: Path) -> None:
    done = run("compile", str(sources / "named.tflite"), "--registry", str(tmp_path), "--json")
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert (report["name"], report["version"], report["engine"]) == ("named", 1, "litert")
    assert report["parity"][0]["output"] == "z"


def test_compile_unsafe_layer_is_named_with_exit_code_2(sources: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(lightship, ["compile", str(sources / "lambda.keras"), "--registry", str(tmp_path)])
    assert result.exit_code == 2
    assert "lambda.keras" in result.output
    assert "'evil'" in result.output
    assert "Traceback" not in result.output


def test_compile_data_of_wrong_format_is_refused_before_model_is_opened(sources: Path, tmp_path: Path) -> None:
    for data, named in (("README.md", ".csv, .jsonl, .ndjson, .parquet, .npy, .npz"), ("no.csv", "no.csv")):
        refused = run("compile", str(sources / "named.tflite"), "--data", data, "--registry", str(tmp_path))
        assert refused.returncode == 2
        assert named in refused.stderr.splitlines()[-1]
        assert "sandbox" not in refused.stderr


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--max-drop", "acuracy=0.01", "--data", "x.csv", "--target", "y"], "acuracy"),
        (["--max-drop", "accuracy=-1", "--data", "x.csv", "--target", "y"], "-1"),
        (["--max-drop", "accuracy=0.01"], "--target"),
        (["--max-error", "-0.5"], "-0.5"),
        (["--prefer", "size"], "--max-error"),
    ],
)
def test_compile_wrong_budget_is_refused_before_model_is_opened(
    sources: Path, tmp_path: Path, options: list[str], named: str
) -> None:
    (tmp_path / "x.csv").write_text("0,1\n")
    words = [str(tmp_path / word) if word == "x.csv" else word for word in options]
    refused = run("compile", str(sources / "named.tflite"), *words, "--registry", str(tmp_path / "models"))
    assert refused.returncode == 2
    assert named in refused.stderr.splitlines()[-1]
    assert "sandbox" not in refused.stderr


def test_compile_with_budget_prints_variants_and_choice(sources: Path, tmp_path: Path) -> None:
    done = run("compile", str(sources / "named.tflite"), "--max-error", "0.1", "--registry", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "dynamic_int8" in done.stdout
    assert "variant: " in done.stdout


def run_without_a_sandbox(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as on a machine without Landlock and namespaces."""
    machine = [sys.executable, "-m", "tests.compiler.platforms", "no-landlock", "no-namespaces", "--"]
    environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    command = [*machine, sys.executable, "-m", "lightship", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_compile_without_sandbox_publishes_nothing(sources: Path, tmp_path: Path) -> None:
    done = run_without_a_sandbox("compile", str(sources / "named.tflite"), "--registry", str(tmp_path))
    assert done.returncode == 2
    assert "Landlock" in done.stderr
    assert "--no-sandbox" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_compile_no_sandbox_warns_and_is_recorded(sources: Path, tmp_path: Path) -> None:
    words = ("compile", str(sources / "named.tflite"), "--registry", str(tmp_path), "--no-sandbox", "--json")
    done = run_without_a_sandbox(*words)
    assert done.returncode == 0
    assert done.stderr.startswith("warning: ")
    assert json.loads(done.stdout)["sandbox"].startswith("none: ")
    assert Bundle.open(tmp_path / "named" / "1").manifest.sandbox == "none"


def test_compile_no_sandbox_with_sandbox_available_uses_sandbox(sources: Path, tmp_path: Path) -> None:
    done = run("compile", str(sources / "named.tflite"), "--registry", str(tmp_path), "--no-sandbox", "--json")
    assert done.stderr == ""
    assert json.loads(done.stdout)["sandbox"].startswith("kernel: seccomp, ")
    assert Bundle.open(tmp_path / "named" / "1").manifest.sandbox == "kernel"


def test_compile_model_needing_tensorflow_prints_deployment_options(sources: Path, tmp_path: Path) -> None:
    done = run("compile", str(sources / "flex"), "--registry", str(tmp_path))
    (line,) = (line for line in done.stdout.splitlines() if "Engine=tensorflow" in line)
    assert "LIGHTSHIP_ENGINE=tensorflow" in line


def test_compile_empty_name_is_refused(sources: Path, tmp_path: Path) -> None:
    source, config = str(sources / "named.tflite"), tmp_path / "model.yaml"
    config.write_text('name: ""\n')
    for words in (["--name", ""], ["--config", str(config)]):
        result = CliRunner().invoke(lightship, ["compile", source, *words, "--registry", str(tmp_path)])
        assert result.exit_code == 2
        assert "''" in result.output
