"""Files that are refused: one-line message, nothing executed, nothing published."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.compiler import CompileOptions, compile_model, limits
from lightship.errors import CompileError, SourceRefused
from lightship.registry.registry import Registry
from tests.compiler.conftest import EXECUTED, Compile

# File, and a pattern that its message must match.
REFUSED = {
    "nowhere.keras": "nowhere.keras",
    "text.txt": "text.txt.*.keras.*.h5",
    "prose.keras": "zip",
    "prose.h5": "HDF5",
    "prose.tflite": "TFL3",
    "truncated_mlp.keras": "truncated_mlp.keras",
    "truncated_legacy.h5": "truncated_legacy.h5",
    "truncated_named.tflite": "truncated_named.tflite",
    "lambda.keras": "'evil'",
    "lambda.h5": "'evil'",
    "custom.keras": "'mine>Noise'",
    "bomb.keras": "unpack",
    "traversal.keras": "assets/../../",
    "foreign.keras": "'setup.py'",
    "linked.h5": "'/etc/passwd'",
    "weights.h5": "'model_config'",
    "empty.zip": "saved_model.pb",
    "unsigned": "signature",
    "python": "EagerPyFunc",
    "reader": "ReadFile",
    "writer": "WriteFile",
    "flex_reader.tflite": "ReadFile",
    "flex.tflite": "FlexMatrixDeterminant",
}


@pytest.mark.parametrize("source", REFUSED)
def test_compile_invalid_source_is_refused(sources: Path, tmp_path: Path, source: str) -> None:
    registry = Registry(str(tmp_path))
    with pytest.raises(SourceRefused, match=REFUSED[source]) as refusal:
        compile_model(sources / source, registry=registry)
    assert "\n" not in refusal.value.message
    assert registry.models() == []
    assert list(tmp_path.iterdir()) == []
    assert not (sources / EXECUTED).exists()


@pytest.mark.parametrize("code", ["lambda.keras", "lambda.h5"])
def test_compile_with_trust_runs_code_and_records_trust(compiled: Compile, sources: Path, code: str) -> None:
    report, model = compiled(code, trust=True)  # the code runs, because outputs are recorded and compared
    assert not (sources / EXECUTED).exists()  # the sandbox is in force with --trust, too
    assert report.trusted == ("a Lambda layer 'evil'",)
    assert model.manifest.trusted == ("a Lambda layer 'evil'",)


def test_compile_with_trust_and_missing_code_is_refused(sources: Path, registry: Registry) -> None:
    with pytest.raises(SourceRefused) as refusal:
        compile_model(sources / "custom.keras", registry=registry, options=CompileOptions(trust=True))
    assert "mine>Noise" in refusal.value.message
    assert "--trust" not in refusal.value.message


@pytest.mark.parametrize(
    "config", ["inputs: {x: {kind: picture}}", "outputs: [p]", "name: [", "metrics: {accuracy: high}"]
)
def test_compile_invalid_model_yaml_is_refused_before_sandbox_starts(
    sources: Path, tmp_path: Path, config: str
) -> None:
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
def test_compile_model_of_2_gib_is_refused_unread(tmp_path: Path, name: str, head: bytes) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(limits.MOST_SOURCE_BYTES)  # sparse: uses no disk space
    source = path if path.parent == tmp_path else path.parent
    begun: list[str] = []
    with pytest.raises(SourceRefused, match="GiB"):
        compile_model(source, registry=Registry(str(tmp_path / "r")), progress=lambda stage, done: begun.append(stage))
    assert begun == []


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("inputs: {y: {kind: tabular, columns: [a]}}", "input 'y'"),
        ("outputs: {q: {classes: [a]}}", "output 'q'"),
        ("outputs: {p: {classes: [a, b, c]}}", "outputs.p.classes.* 3 .* 1"),
        ("inputs: {x: {kind: image}}", "inputs.x.*image"),
    ],
)
def test_compile_config_not_matching_model_is_refused(
    sources: Path, registry: Registry, tmp_path: Path, config: str, named: str
) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(config)
    with pytest.raises(CompileError, match=named):
        compile_model(sources / "mlp.keras", registry=registry, options=CompileOptions(name="unfit", config=path))
    assert "unfit" not in registry.models()
