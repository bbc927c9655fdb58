"""Compiling with a transform: both sides compared, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from lightship.bundle import EXPLAIN
from lightship.calls import Call
from lightship.compiler.declarations.config import Config, read_config
from lightship.compiler.job import BuildJob
from lightship.compiler.pipeline import CompileOptions, compile_bundle, compile_model
from lightship.compiler.sandbox import Confinement
from lightship.errors import CompileError
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.settings import TransformSettings
from lightship.tensors import DTYPES
from tests.bundles import Registries

TEXTS = """
import numpy as np
from lightship import InvalidInput

def preprocess(inputs):
    try:
        return {"x": np.array([[float(cell) for cell in row] for row in inputs["text"].tolist()], np.float32)}
    except ValueError:
        raise InvalidInput("send numbers as text") from None

def postprocess(outputs):
    return {"large": outputs["y"].max(axis=1) > 5}
"""
DECLARED = """
name: texts
transform:
  name: own
  inputs: {text: {dtype: string, shape: [null, 2]}}
  outputs: {large: {dtype: bool, shape: [null]}}
"""
CENTRED = """
def preprocess(inputs):
    return {"x": inputs["x"] - inputs["x"].mean(axis=0)}
"""
RANDOM = """
import numpy as np

def postprocess(outputs):
    return {"y": outputs["y"] + np.random.rand(*outputs["y"].shape).astype("float32")}
"""


class Project:
    """A folder with a model file, a transform and a model.yaml, and its registry."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.registry = Registry(str(folder / "models"))
        self.transforms = TransformSettings((), folder / "transforms", 30.0)
        self.source = source
        self.folder = folder
        self.transforms.folder.mkdir()

    def compile(self, code: str, config: str = "transform: own", data: Path | None = None) -> Model:
        (self.transforms.folder / "own.py").write_text(code)
        (self.folder / "model.yaml").write_text(config)
        options = CompileOptions("made", self.folder / "model.yaml", data, sandbox=False, transforms=self.transforms)
        report = compile_model(self.source, registry=self.registry, options=options)
        bundle = self.registry.open("made", report.version)
        return Model.load(bundle, transforms=self.transforms._replace(names=("own",)))


@pytest.fixture
def project(registries: Registries, tmp_path: Path) -> Project:
    return Project(tmp_path, registries.small / "modes" / "1" / "model.tflite")


def test_compile_with_transform_records_tensors_of_clients(project: Project, tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", text=np.array([["1", "2"], ["3", "4.5"], ["0", "-1"]]))
    model = project.compile(TEXTS, DECLARED, tmp_path / "data.npz")
    used = model.manifest.transform
    assert used is not None
    assert (used.name, used.sha256) == ("own", hashlib.sha256(TEXTS.encode()).hexdigest())
    assert [spec.name for spec in (*used.signatures[0].inputs, *used.signatures[0].outputs)] == ["x", "y"]
    inputs, outputs = model.golden()
    assert (inputs.keys(), outputs.keys()) == ({"text"}, {"large"})
    assert model.manifest.signature().independent_rows is True
    assert model.manifest.parity["serving_default"]["large"]["max_abs"] == 0.0
    text = np.array([[b"1", b"2"], [b"3", b"4"]], object)
    assert model.predict(Call({"text": text})).outputs["large"].tolist() == [False, True]


def test_compile_without_data_suggests_data_where_transform_refuses_samples(project: Project) -> None:
    with pytest.raises(CompileError, match=r"send numbers as text.*--data"):
        project.compile(TEXTS, DECLARED)
    assert project.registry.models() == []


def test_compile_measures_dependent_rows_of_transform(project: Project) -> None:
    assert project.compile(CENTRED).manifest.signature().independent_rows is False


def test_compile_with_transform_publishes_no_gradient(project: Project) -> None:
    manifest = project.compile(CENTRED).manifest
    assert EXPLAIN not in manifest.files
    assert "transform" in manifest.explain["reason"]


@pytest.mark.parametrize(
    ("code", "config", "named"),
    [
        (RANDOM, "transform: own", "output 'y'.*equal inputs"),
        ("1 / 0", "transform: own", "'own' raised ZeroDivisionError"),
        (RANDOM, "transform: absent", "no transform 'absent'"),
        (RANDOM, "transform: {name: own, inputs: {t: {dtype: string, shape: [null]}}}", "inputs needs.*preprocess"),
        (CENTRED, "transform: {name: own, outputs: {t: {dtype: string, shape: [null]}}}", "outputs needs.*postprocess"),
        (TEXTS, f"{DECLARED}inputs: {{x: {{kind: tabular, columns: [a, b]}}}}", "no input 'x'.*text"),
    ],
)
def test_compile_with_unusable_transform_is_refused(project: Project, code: str, config: str, named: str) -> None:
    with pytest.raises(CompileError, match=named):
        project.compile(code, config)
    assert project.registry.models() == []


def test_compile_bundle_allows_transforms_of_deployment_only(project: Project, tmp_path: Path) -> None:
    (project.transforms.folder / "own.py").write_text(CENTRED)
    (tmp_path / "bundle").mkdir()
    job = BuildJob(project.source, tmp_path / "bundle", {"transform": "own"}, transforms=project.transforms)
    with pytest.raises(CompileError, match="add own to LIGHTSHIP_TRANSFORMS"):
        compile_bundle(job, Confinement.for_user(sandbox=False))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("transform: ../x", "transform.name.*'../x'"),
        ("transform: 5", "transform must be"),
        ("transform: {inputs: {}}", "transform must be"),
        ("transform: {name: own, more: 1}", "'transform.more'"),
        ("transform: {name: own, inputs: [x]}", "transform.inputs"),
        ("transform: {name: own, inputs: {x: string}}", "transform.inputs.x"),
        ("transform: {name: own, inputs: {x: {dtype: text, shape: []}}}", f"x.dtype.*{', '.join(DTYPES)}"),
        ("transform: {name: own, inputs: {x: {dtype: [], shape: []}}}", "x.dtype"),
        ("transform: {name: own, outputs: {x: {dtype: bool}}}", "outputs.x.shape"),
        ("transform: {name: own, outputs: {x: {dtype: bool, shape: [0]}}}", "outputs.x.shape"),
        ("transform: {name: own, outputs: {x: {dtype: bool, shape: [true]}}}", "outputs.x.shape"),
        ("transform: {name: own, outputs: {x: {dtype: bool, shape: [], kind: image}}}", "x.kind"),
        ('transform: {name: own, outputs: {"a|b": {dtype: bool, shape: []}}}', "'a|b'"),
    ],
)
def test_model_yaml_with_malformed_transform_names_key(text: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text(text)
    with pytest.raises(CompileError, match=named.replace("|", r"\|")):
        read_config(tmp_path / "model.yaml")


def test_model_yaml_transform_is_optional() -> None:
    assert Config.parse({}).transform is None
