"""Files that must not be opened: one sentence, nothing executed, nothing published."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.compiler import CompileOptions, compile_model, limits
from lightship.errors import CompileError, SourceRefused
from lightship.registry.registry import Registry
from tests.compiler.conftest import EXECUTED, Compile

pytestmark = pytest.mark.alone  # shares its compiled models with other files

REFUSED = {
    "nowhere.keras": "there is no file or folder",
    "text.txt": "text.txt is not a model file: what can be compiled is a .keras file, a .h5",
    "prose.keras": "it is not a zip archive",
    "prose.h5": "its first bytes are not HDF5's",
    "prose.tflite": "its identifier is not TFL3",
    "truncated_mlp.keras": "truncated_mlp.keras is broken or truncated",
    "truncated_legacy.h5": "truncated_legacy.h5 is broken: it is truncated",
    "truncated_named.tflite": "truncated_named.tflite",
    "lambda.keras": "it holds a Lambda layer 'evil'.",
    "lambda.h5": "it holds a Lambda layer 'evil'.",
    "custom.keras": "it holds the custom object 'mine>Noise'",
    "bomb.keras": "bytes unpack to",
    "traversal.keras": "points out of the archive",
    "foreign.keras": "a .keras file has no entry 'setup.py'",
    "linked.h5": "is a link to the file '/etc/passwd'",
    "weights.h5": "'model_config' is missing",
    "empty.zip": "it holds no saved_model.pb",
    "unsigned": "unsigned has no signature",
    "python": "operators that call Python: EagerPyFunc",
    "reader": "operators that read or write files: ReadFile",
    "writer": "operators that read or write files: WriteFile",
    "flex_reader.tflite": "operators that read or write files: ReadFile",
    "flex.tflite": "a .tflite file has no other engine: FlexMatrixDeterminant",
}


@pytest.mark.parametrize("source", REFUSED)
def test_it_is_refused(sources: Path, tmp_path: Path, source: str) -> None:
    registry = Registry(str(tmp_path))
    with pytest.raises(SourceRefused) as refusal:
        compile_model(sources / source, registry=registry)
    assert REFUSED[source] in refusal.value.message
    assert "\n" not in refusal.value.message
    assert registry.models() == []
    assert list(tmp_path.iterdir()) == []
    assert not (sources / EXECUTED).exists()


@pytest.mark.parametrize("code", ["lambda.keras", "lambda.h5"])
def test_trust_opens_code_and_is_recorded(compiled: Compile, sources: Path, code: str) -> None:
    report, model = compiled(code, trust=True)  # its outputs were recorded and compared: it was run
    assert not (sources / EXECUTED).exists()  # in the sandbox, which trust does not open
    assert report.trusted == ("a Lambda layer 'evil'",)
    assert model.manifest.trusted == ("a Lambda layer 'evil'",)


def test_trust_cannot_make_up_for_code_that_is_not_here(sources: Path, registry: Registry) -> None:
    with pytest.raises(SourceRefused) as refusal:
        compile_model(sources / "custom.keras", registry=registry, options=CompileOptions(trust=True))
    assert "mine>Noise" in refusal.value.message
    assert "--trust" not in refusal.value.message


@pytest.mark.parametrize(
    "config", ["inputs: {x: {kind: picture}}", "outputs: [p]", "name: [", "metrics: {accuracy: high}"]
)
def test_broken_model_yaml_is_refused_before_a_sandbox_starts(sources: Path, tmp_path: Path, config: str) -> None:
    (tmp_path / "model.yaml").write_text(config)
    begun: list[str] = []
    with pytest.raises(CompileError):
        compile_model(
            sources / "mlp.keras",
            registry=Registry(str(tmp_path / "registry")),
            options=CompileOptions(config=tmp_path / "model.yaml"),
            progress=lambda stage, done: begun.append(stage),
        )
    assert begun == []
    assert not (tmp_path / "registry").exists()


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("m.keras", b"PK\x03\x04"),
        ("m.h5", b"\x89HDF\r\n\x1a\n"),
        ("m.tflite", b"\x20\0\0\0TFL3"),
        ("m/saved_model.pb", b""),
    ],
)
def test_model_of_2_gib_is_refused_without_being_read(tmp_path: Path, name: str, head: bytes) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(limits.MOST_SOURCE_BYTES)  # sparse: it takes no room
    source = path if path.parent == tmp_path else path.parent
    begun: list[str] = []
    with pytest.raises(SourceRefused, match="GiB"):
        compile_model(source, registry=Registry(str(tmp_path / "r")), progress=lambda stage, done: begun.append(stage))
    assert begun == []


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("inputs: {y: {kind: tabular, columns: [a]}}", "the model has no input 'y': its inputs are x"),
        ("outputs: {q: {classes: [a]}}", "the model has no output 'q': its outputs are p"),
        ("outputs: {p: {classes: [a, b, c]}}", "outputs.p.classes names 3 classes, the output is float32 [any, 1]"),
        ("inputs: {x: {kind: image}}", "inputs.x: input 'x' is float32 [any, 3]: an image needs"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(
    sources: Path, registry: Registry, tmp_path: Path, config: str, sentence: str
) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(config)
    with pytest.raises(CompileError) as refusal:
        compile_model(sources / "mlp.keras", registry=registry, options=CompileOptions(name="unfit", config=path))
    assert sentence in refusal.value.message
    assert "unfit" not in registry.models()
