"""Complete compiles of real models: all kinds of signatures, formats and engines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lightship.calls import Call
from lightship.compiler import CompileOptions, compile_model, name_from
from lightship.errors import CompileError, RegistryError
from lightship.registry.registry import Registry
from tests.compiler.conftest import Compile


@pytest.mark.parametrize(
    ("source", "inputs", "outputs"),
    [
        ("mlp.keras", {"x": "float32 [any, 3]"}, {"p": "float32 [any, 1]"}),
        ("legacy.h5", {"x": "float32 [any, 3]"}, {"p": "float32 [any, 1]"}),
        ("cnn.keras", {"image": "float32 [any, 8, 8, 1]"}, {"digit": "float32 [any, 3]"}),
        (
            "two.keras",
            {"a": "float32 [any, 2]", "b": "float32 [any, 3]"},
            {"u": "float32 [any, 1]", "v": "float32 [any, 2]"},
        ),
        ("embedding.keras", {"ids": "int32 [any, 5]"}, None),
        ("lstm.keras", {"steps": "float32 [any, 6, 4]"}, None),
        ("any_length.keras", {"steps": "float32 [any, any, 4]"}, None),
        ("half.keras", {"half": "float16 [any, 3]"}, None),
        ("boolean.keras", {"flags": "bool [any, 3]"}, {"logical_not": "bool [any, 3]"}),
        ("named.tflite", {"x": "float32 [any, 2]"}, {"z": "float32 [any, 2]"}),
        ("unnamed.tflite", {"x": "float32 [1, 3]"}, {"PartitionedCall": "float32 [1, 3]"}),
    ],
)
def test_compile_supported_source_runs_on_litert(
    compiled: Compile, source: str, inputs: dict[str, str], outputs: dict[str, str] | None
) -> None:
    report, model = compiled(source)
    signature = model.manifest.signature()
    assert (report.engine, report.reasons) == ("litert", ())
    assert {spec.name: str(spec) for spec in signature.inputs} == inputs
    assert outputs is None or {spec.name: str(spec) for spec in signature.outputs} == outputs
    assert {entry.output for entry in report.parity} == {spec.name for spec in signature.outputs}
    assert report.warnings == ()


def test_compile_operator_missing_in_litert_runs_on_tensorflow(compiled: Compile) -> None:
    report, model = compiled("flex")
    assert report.engine == "tensorflow"
    assert "MatrixDeterminant" in report.reasons
    assert {name.partition("/")[0] for name in model.manifest.files} == {"golden.npz", "saved_model"}
    assert report.parity[0].max_abs == 0.0


def test_compile_string_operators_run_before_litert(compiled: Compile) -> None:
    report, model = compiled("text.keras")
    assert (report.engine, report.reasons) == ("litert", ())
    assert "StringSplitV2" in report.rewrites[0]
    assert set(model.manifest.files) == {"assets/constants.npz", "device.tflite", "golden.npz", "model.tflite"}


def test_compile_wrong_litert_outputs_uses_tensorflow_and_names_output(compiled: Compile) -> None:
    report, model = compiled("nan")
    assert report.engine == "tensorflow"
    assert "output 'y'" in report.reasons[0]
    answer = model.predict(Call(inputs={"x": np.array([[1.0, -1.0]], np.float32)})).outputs["y"]
    assert answer.tolist() == [0.0]


def test_compile_with_engine_litert_refuses_unsupported_operator(sources: Path, tmp_path: Path) -> None:
    registry = Registry(str(tmp_path))
    with pytest.raises(CompileError, match="MatrixDeterminant"):
        compile_model(sources / "flex", registry=registry, options=CompileOptions(engine="litert"))
    assert registry.models() == []


def test_compile_with_engine_tensorflow_keeps_original_files(compiled: Compile, sources: Path) -> None:
    report, model = compiled("modes", engine="tensorflow", name="asked")
    assert (report.engine, report.reasons) == ("tensorflow", ())
    for path in (model.bundle.path / "saved_model").rglob("*.*"):  # the files of the original SavedModel
        assert (
            path.read_bytes() == (sources / "modes" / path.relative_to(model.bundle.path / "saved_model")).read_bytes()
        )


def test_compile_model_with_method_named_serve_keeps_every_signature(compiled: Compile) -> None:
    _, model = compiled("modes")
    assert [signature.name for signature in model.manifest.signatures] == ["serving_default", "encode", "serve"]
    x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.float32)
    weights = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    for name, output, expected in (("serving_default", "y", x @ weights), ("encode", "z", x @ weights + 1.0)):
        result = model.predict(Call({"x": x}, signature=name))
        np.testing.assert_allclose(result.outputs[output], expected)


def test_compile_archive_has_digest_of_folder(compiled: Compile) -> None:
    digests = {compiled(source)[0].digest for source in ("modes", "modes.zip", "modes.tar.gz")}
    assert len(digests) == 1


@pytest.mark.parametrize("source", ["mlp.keras", "any_length.keras"])
def test_compile_same_source_twice_has_same_digest(compiled: Compile, source: str) -> None:
    first, _ = compiled(source)
    second, _ = compiled(source, name="again")
    assert first.digest == second.digest


@pytest.mark.parametrize("source", ["lstm.keras", "any_length.keras"])
def test_predict_recurrent_model_repeatedly_returns_same_outputs(compiled: Compile, source: str) -> None:
    _, model = compiled(source)
    inputs, expected = model.golden()
    for _ in range(3):
        for name, array in model.predict(Call(inputs)).outputs.items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-5)


def test_golden_examples_match_original_outputs(compiled: Compile) -> None:
    for source in ("two.keras", "text.keras"):
        _, model = compiled(source)
        inputs, expected = model.golden()
        outputs = model.predict(Call(inputs)).outputs
        assert len(next(iter(inputs.values()))) == 16
        for name, array in outputs.items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-5)


def test_report_contains_measured_sizes_latency_and_parity(compiled: Compile, sources: Path) -> None:
    report, model = compiled("mlp.keras")
    assert report.sizes.before == (sources / "mlp.keras").stat().st_size
    assert report.sizes.after == (model.bundle.path / "model.tflite").stat().st_size
    assert 0 < report.latency.after < report.latency.before
    assert report.latency.before == min(
        report.latency.before, *report.latency.others.values()
    )  # the fastest way to call the original
    assert json.loads(json.dumps(report.to_json()))["parity"][0]["rows"] == 1 + 3 + 16 + 32 + 1
    assert compiled("modes")[0].latency.subject.endswith("TensorFlow")
    assert compiled("named.tflite")[0].latency.subject.startswith("LiteRT")


def test_manifest_records_source_and_parity(compiled: Compile) -> None:
    report, model = compiled("mlp.keras")
    assert model.manifest.source["format"] == "keras"
    assert model.manifest.source["keras"] >= "3.15.1"
    assert model.bundle.digest == report.digest
    assert set(model.manifest.parity["serving_default"]["p"]) == {"rows", "rtol", "atol", "max_abs", "max_rel"}


def test_compile_constant_output_warns(compiled: Compile) -> None:
    report, model = compiled("constant.keras")
    (output,) = model.manifest.signature().outputs
    (warning,) = report.warnings
    assert f"'{output.name}'" in warning
    assert "same" in warning


def test_compile_random_outputs_is_refused(sources: Path, registry: Registry) -> None:
    with pytest.raises(CompileError, match="'y'.*each time"):
        compile_model(sources / "random", registry=registry)


def test_compile_with_config_and_data_applies_both(compiled: Compile, tmp_path: Path) -> None:
    config, data = tmp_path / "model.yaml", tmp_path / "rows.csv"
    config.write_text(
        "name: tumour\n"
        "inputs: {x: {kind: tabular, columns: [radius, texture, concavity]}}\n"
        "outputs: {p: {classes: [benign, malignant]}}\n"
        "metrics: {accuracy: 0.98}\n"
    )
    data.write_text("texture,target,concavity,radius\n1,0,2,3\n4,1,5,6\n")
    report, model = compiled("mlp.keras", config=config, data=data)
    signature = model.manifest.signature()
    assert report.name == "tumour"
    assert signature.inputs[0].kind == {"type": "tabular", "columns": ["radius", "texture", "concavity"]}
    assert signature.outputs[0].classes == ("benign", "malignant")
    assert model.manifest.metrics == {"accuracy": 0.98}
    np.testing.assert_array_equal(model.golden()[0]["x"], np.array([[3, 1, 2], [6, 4, 5]], np.float32))


def test_compile_image_kind_is_compared_on_pixels(compiled: Compile, tmp_path: Path) -> None:
    config = tmp_path / "model.yaml"
    config.write_text("inputs: {image: {kind: image, scale: 0.0625}}\n")
    pixels = compiled("cnn.keras", config=config)[1].golden()[0]["image"]
    assert pixels.min() >= 0.0
    assert 15.0 < pixels.max() <= 255 / 16


def test_progress_reports_stages_in_order(sources: Path, registry: Registry) -> None:
    seen: list[tuple[str, float]] = []
    compile_model(sources / "named.tflite", registry=registry, progress=lambda *event: seen.append(event))
    stages = ["check", "load", "record", "convert", "write", "measure", "device", "try", "publish"]
    assert [stage for stage, _ in seen] == stages
    assert [done for _, done in seen] == sorted(done for _, done in seen)


def test_compile_parent_process_does_not_import_frameworks(sources: Path, tmp_path: Path) -> None:
    command = (
        "import sys; from pathlib import Path; from lightship.compiler import compile_model; "
        "from lightship.registry.registry import Registry; "
        f"compile_model(Path({str(sources / 'named.tflite')!r}), registry=Registry({str(tmp_path)!r})); "
        "print(sorted({'tensorflow', 'keras', 'h5py'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("My model.v2.keras", "My-model.v2"),
        ("modes.tar.gz", "modes"),
        ("__.h5", "model"),
        ("größe.tflite", "gr-e"),
        ("a" * 99 + ".h5", "a" * 64),
    ],
)
def test_name_from_file_name_returns_valid_model_name(path: str, name: str) -> None:
    assert name_from(Path(path)) == name


def test_compile_invalid_model_name_is_refused(sources: Path, registry: Registry) -> None:
    with pytest.raises(RegistryError, match="'../up'"):
        compile_model(sources / "mlp.keras", registry=registry, options=CompileOptions(name="../up"))
