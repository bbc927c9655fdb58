"""``lightship predict`` and ``show`` with a model that has a transform."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lightship.bundle import MANIFEST
from lightship.cli import lightship
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.transforms.models import CODE, closed_gate, publish
from tests.transforms.test_compile import DECLARED, TEXTS


@pytest.fixture
def project(registries: Registries, tmp_path: Path) -> Path:
    """Return a project's folder, with ``models`` and ``transforms``."""
    publish(Registry(str(tmp_path / "models")), registries.small)
    (tmp_path / "transforms").mkdir()
    (tmp_path / "transforms" / "amounts.py").write_text(CODE)
    return tmp_path


def run(project: Path, *words: str, **environment: str) -> Result:
    settings = {
        "COLUMNS": "200",
        "LIGHTSHIP_REGISTRY": str(project / "models"),
        "LIGHTSHIP_TRANSFORMS_FOLDER": str(project / "transforms"),
        **environment,
    }
    return CliRunner(env=settings).invoke(lightship, words)


@pytest.mark.parametrize("way", [("--transforms", "amounts"), ("--transforms", "other, amounts"), ()])
def test_predict_runs_allowed_transform(project: Path, way: tuple[str, ...]) -> None:
    environment = {} if way else {"LIGHTSHIP_TRANSFORMS": "amounts"}
    done = run(project, "predict", "priced", '[["1,5", "4"]]', "--json", *way, **environment)
    assert json.loads(done.output)["predictions"] == {"y": [[3.0, 8.0]], "label": ["n\u00f6"]}


@pytest.mark.parametrize(
    ("cells", "options", "named"),
    [
        ('["1", "2"]', (), ("'amounts'", "LIGHTSHIP_TRANSFORMS")),
        ('["1", "2"]', ("--transforms", "../x"), ("'../x'",)),
        ('["x", "1"]', ("--transforms", "amounts"), ("'x' is not an amount",)),
        ('["raise", "1"]', ("--transforms", "amounts"), ("amounts", "ValueError", "a secret")),
        ('["float64", "1"]', ("--transforms", "amounts"), ("amounts", "float64", "float32")),
    ],
)
def test_predict_refusal_is_one_sentence_with_exit_code_2(
    project: Path, cells: str, options: tuple[str, ...], named: tuple[str, ...]
) -> None:
    done = run(project, "predict", "priced", f"[{cells}]", *options)
    assert (done.exit_code, "Traceback" in done.output) == (2, False)
    for text in named:
        assert text in done.output


def test_predict_hanging_transform_ends_at_limit(project: Path) -> None:
    limit = {"LIGHTSHIP_TRANSFORM_SECONDS": "0.1"}
    with closed_gate():
        done = run(project, "predict", "priced", '[["hang", "1"]]', "--transforms", "amounts", **limit)
    assert (done.exit_code, "amounts" in done.output, "0.1 s" in done.output) == (2, True, True)


def test_predict_failing_import_is_message_of_transform(project: Path) -> None:
    (project / "transforms" / "amounts.py").write_text("def (")
    done = run(project, "predict", "priced", '[["1", "2"]]', "--transforms", "amounts")
    assert (done.exit_code, "the transform's message: SyntaxError" in done.output) == (2, True)


PREPARED = "def preprocess(inputs):\n    return {'x': inputs['x']}\n"
FAILING = "def preprocess(inputs):\n    return {'x': inputs['x'] / 0, 'y': 1 / 0}\n"


def compile_with(project: Path, registries: Registries, code: str, *options: str, **environment: str) -> Result:
    """Compile the small model "modes" with a transform."""
    (project / "transforms" / "own.py").write_text(code)
    config = project / "model.yaml"
    if not config.exists():
        config.write_text("name: own\ntransform: own\n")
    source = registries.small / "modes" / "1" / "model.tflite"
    words = ("compile", str(source), "--config", str(config), "--no-sandbox")
    return run(project, *words, *options, **environment)


@pytest.mark.parametrize(
    ("allowed", "option"), [("", " --transforms own"), ("own", ""), ("amounts", " --transforms amounts,own")]
)
def test_compile_next_command_allows_transform(
    project: Path, registries: Registries, allowed: str, option: str
) -> None:
    done = compile_with(project, registries, PREPARED, LIGHTSHIP_TRANSFORMS=allowed)
    (line,) = (line for line in done.output.splitlines() if line.startswith("next: "))
    assert line.endswith(f"predict own '[[0, 0]]'{option}")


@pytest.mark.parametrize("stack", [True, False])
def test_compile_next_command_with_running_stack_is_prediction(
    project: Path, registries: Registries, stack: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (project / "model.yaml").write_text(DECLARED)
    np.savez(project / "data.npz", text=np.array([["1", "2"], ["3", "4.5"]]))
    if stack:
        (project / ".lightship.env").touch()
    environment = {"LIGHTSHIP_LOGS": str(project)} if stack else {}
    done = compile_with(project, registries, TEXTS, "--data", "data.npz", **environment)
    (line,) = (line for line in done.output.splitlines() if line.startswith("next: "))
    assert line.rstrip(")").endswith("predict texts FILE --transforms own" if stack else "serve --transforms own")


def test_compile_failing_transform_is_named_with_message(project: Path, registries: Registries) -> None:
    done = compile_with(project, registries, FAILING)
    assert done.exit_code == 2
    assert "'own' raised ZeroDivisionError in preprocess" in done.output
    assert "(the transform's message: ZeroDivisionError: division by zero (own.py, line 2" in done.output


def test_show_prints_transform_and_whether_file_differs(project: Path) -> None:
    bundle = Registry(str(project / "models")).bundle("priced", 1)
    assert "amounts, SHA-256 unknown" in run(project, "show", "priced").output
    assert bundle.manifest.transform is not None
    used = bundle.manifest.transform._replace(sha256="1" * 64)
    (bundle.path / MANIFEST).write_bytes(bundle.manifest._replace(transform=used).to_bytes())
    assert "amounts.py differs" in run(project, "show", "priced").output
