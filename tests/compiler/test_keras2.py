"""Keras 2 files: compiled with parity against tf_keras, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.calls import Call
from lightship.compiler import CompileOptions, compile_model
from lightship.compiler.sources.keras.files.versions import major
from lightship.errors import SourceRefused
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.model_files import write

# Files that LiteRT runs, in the order of keras2_models. `make test` compiles the sample, `make keras2` all of them.
LITERT = (
    "depthwise.h5", "separable.h5", "transpose.h5", "spatial_dropout.h5", "augmentation.h5", "attention.h5", "lstm.h5",
    "bidirectional_gru.h5", "nested.h5", "slash_in_name.h5", "plain.keras", "operators.h5", "slicing.h5",
    "hard_sigmoid.h5", "hard_sigmoid.keras", "hard_sigmoid_lstm.h5", "stateful.h5", "removed.h5", "fixed_batch.h5",
    "lists.h5", "dictionaries.h5", "dictionaries.keras",
    "built_by_a_call.h5", "no_input_layer.h5", "list_of_layers.h5", "renamed.zip", "hdf5_inside.keras",
    "cudnn_LSTM.h5", "cudnn_GRU.h5", "early_gru.h5", "lambda.h5", "lambda_archive.keras",
)  # fmt: skip
SAMPLE = {
    "lstm.h5", "bidirectional_gru.h5", "nested.h5", "plain.keras", "operators.h5", "hard_sigmoid.h5",
    "hard_sigmoid.keras", "stateful.h5", "dictionaries.h5", "dictionaries.keras", "cudnn_LSTM.h5", "cudnn_GRU.h5",
    "early_gru.h5", "lambda_archive.keras",
}  # fmt: skip
# Text that the message must contain: a version, an attribute, a layer, a weight or an operator.
REFUSED = {
    "lambda_refused.h5": "'lambda'",
    "beyond_the_list_refused.h5": "tf.math.special.expint",
    "keras1.h5": "keras_version 1.2.2",
    "keras1_unnamed.h5": "Keras 1",
    "keras4.h5": "keras_version 4.0.1",
    "weights_alone.h5": "'model_config'",
    "no_weights.h5": "'model_weights'",
    "foreign.h5": "not a Keras model",
    "truncated.h5": "truncated",
    "unbuilt.h5": "input shape",
    "ragged.h5": "'words'",
    "other_arguments.h5": "'colour'",
    "other_shape.h5": "'dense/kernel'",
}


TENSORFLOW = ("beyond_the_list.h5",)
LIFTED = ("vocabulary.keras", "vocabulary_in_config.h5")
FILES = {*LITERT, *TENSORFLOW, *LIFTED, *REFUSED}


@pytest.fixture(scope="module")
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of :mod:`tests.compiler.keras2_models`.

    Only the files that the selected tests name are compiled.
    """
    folder = tmp_path_factory.mktemp("keras2")
    parameters = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    (folder / "selected").write_text(json.dumps([each["name"] for each in parameters if each.get("name") in FILES]))
    write("tests.compiler.keras2_models", folder)
    return folder


@pytest.fixture(scope="module")
def results(files: Path) -> dict[str, Any]:
    """Return the result or error of compiling each file."""
    return dict(json.loads((files / "results.json").read_text()))


def bundle(files: Path, name: str) -> Model:
    return Model.open(files / "bundles" / name)


@pytest.mark.parametrize(
    "name", [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.slow) for name in LITERT]
)
def test_compile_keras2_file_runs_on_litert_with_parity(files: Path, results: dict[str, Any], name: str) -> None:
    assert results[name].get("engine") == "litert", results[name]
    model = bundle(files, name)
    assert model.manifest.source["tf_keras"]
    inputs, expected = model.golden()
    for output, array in model.predict(Call(inputs)).outputs.items():
        np.testing.assert_allclose(array, expected[output], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", TENSORFLOW)
def test_compile_keras2_operator_without_litert_runs_on_tensorflow(results: dict[str, Any], name: str) -> None:
    assert results[name].get("engine") == "tensorflow", results[name]
    assert results[name]["reasons"]


@pytest.mark.parametrize("name", LIFTED)
def test_compile_keras2_string_operators_run_before_litert(results: dict[str, Any], name: str) -> None:
    assert results[name].get("engine") == "litert", results[name]
    assert "StringSplitV2" in results[name]["rewrites"][0]


@pytest.mark.parametrize("name", ["beyond_the_list.h5"])
def test_compile_operator_outside_allowlist_is_recorded_as_trusted(results: dict[str, Any], name: str) -> None:
    assert results[name]["trusted"] == ["the function 'tf.math.special.expint'"]


@pytest.mark.parametrize("name", ["hard_sigmoid.h5", "hard_sigmoid.keras"])
def test_compile_hard_sigmoid_has_keras2_values(files: Path, name: str) -> None:
    model = bundle(files, name)
    x = np.linspace(-4, 4, 80, dtype=np.float32).reshape(20, 4)
    (spec,) = model.manifest.signature().inputs
    (output,) = model.predict(Call({spec.name: x})).outputs.values()
    np.testing.assert_allclose(output, np.clip(0.2 * x + 0.5, 0, 1), atol=1e-6)


@pytest.mark.parametrize("name", ["cudnn_LSTM.h5", "cudnn_GRU.h5", "early_gru.h5"])
def test_compile_old_recurrent_layer_matches_current_layer(files: Path, name: str) -> None:
    model = bundle(files, name)
    truth = np.load(files / "bundles" / Path(name).with_suffix(".npz"))
    (spec,) = model.manifest.signature().inputs
    (output,) = model.predict(Call({spec.name: truth["steps"]})).outputs.values()
    np.testing.assert_allclose(output, truth["outputs"], atol=1e-6)


@pytest.mark.parametrize("name", ["dictionaries.h5", "dictionaries.keras"])
def test_compile_dictionaries_keep_keys(files: Path, name: str) -> None:
    signature = bundle(files, name).manifest.signature()
    assert {spec.name: spec.shape for spec in signature.inputs} == {"a": (None, 3), "b": (None, 2)}
    assert {spec.name: spec.shape for spec in signature.outputs} == {"u": (None, 2), "v": (None, 1)}


@pytest.mark.parametrize("name", REFUSED)
def test_compile_unloadable_file_names_reason(results: dict[str, Any], name: str) -> None:
    result = results[name]
    assert result["code"] == "source_refused", result
    assert REFUSED[name] in result["message"]
    assert "config=" not in result["message"] and "\n" not in result["message"]


@pytest.mark.parametrize("name", ["hard_sigmoid.keras", "lstm.h5"])
def test_compile_keras2_file_in_sandbox_runs_on_litert(files: Path, registry: Registry, name: str) -> None:
    report = compile_model(files / name, registry=registry, options=CompileOptions(name=f"sandboxed-{name}"))
    assert report.engine == "litert"
    assert Model.load(registry.open(report.name, report.version)).manifest.source["tf_keras"]


def test_compile_keras2_file_to_tensorflow_twice_has_same_digest(files: Path, registry: Registry) -> None:
    for name in ("lstm.h5", "vocabulary.keras"):
        first, second = (
            compile_model(
                files / name, registry=registry, options=CompileOptions(name=f"twice-{name}", engine="tensorflow")
            )
            for _ in range(2)
        )
        assert first.digest == second.digest
        assert first.engine == "tensorflow"


@pytest.mark.parametrize(
    ("version", "config", "expected"),
    [
        ("2.2.4-tf", {}, 2),
        ("2.21.0", {"module": "keras", "class_name": "__keras_tensor__"}, 2),
        ("3.15.1", {}, 3),
        (None, {"config": {"layers": [{"config": {"batch_input_shape": [None, 3]}}]}}, 2),
        ("tf", {"config": [{"class_name": "Dense", "config": {"output_dim": 3}}]}, 2),
        (None, {"config": {"layers": [{"config": {"batch_shape": [None, 3]}}]}}, 3),
        (None, {"config": {"layers": [{"config": {"dtype": {"class_name": "DTypePolicy"}}}]}}, 3),
    ],
)
def test_major_uses_file_version_or_configuration(version: str | None, config: dict[str, Any], expected: int) -> None:
    assert major("file", version, config) == expected


@pytest.mark.parametrize(
    ("version", "config"),
    [
        ("1.0.8", {}),
        ("0.3.0", {}),
        ("4.1.0", {}),
        ("10.0", {}),
        (None, {"config": [{"class_name": "Convolution2D", "config": {"nb_filter": 3}}]}),
    ],
)
def test_major_of_unsupported_version_is_refused(version: str | None, config: dict[str, Any]) -> None:
    with pytest.raises(SourceRefused):
        major("file", version, config)
