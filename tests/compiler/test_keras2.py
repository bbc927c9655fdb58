"""Files of Keras 2: loaded by tf_keras, compiled with parity against it, or refused for a reason."""

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

# Files that LiteRT runs, by the function of keras2_models that writes them.
LITERT = (
    "depthwise.h5", "separable.h5", "transpose.h5", "spatial_dropout.h5", "augmentation.h5", "attention.h5", "lstm.h5",
    "bidirectional_gru.h5", "nested.h5", "slash_in_name.h5", "plain.keras", "operators.h5", "slicing.h5",
    "hard_sigmoid.h5", "hard_sigmoid.keras", "hard_sigmoid_lstm.h5", "stateful.h5", "removed.h5", "fixed_batch.h5",
    "lists.h5", "dictionaries.h5", "dictionaries.keras",
    "built_by_a_call.h5", "no_input_layer.h5", "list_of_layers.h5", "renamed.zip", "hdf5_inside.keras",
    "cudnn_LSTM.h5", "cudnn_GRU.h5", "early_gru.h5", "lambda.h5", "lambda_archive.keras",
)  # fmt: skip
# A part of the message that names what is wrong: a version, an attribute, a layer, a weight, an operator.
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


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of :mod:`tests.compiler.keras2_models`, with a bundle of each that compiles."""
    folder = tmp_path_factory.mktemp("keras2")
    write("tests.compiler.keras2_models", folder)
    return folder


@pytest.fixture(scope="module")
def answers(files: Path) -> dict[str, Any]:
    """What compiling each file answered."""
    return dict(json.loads((files / "answers.json").read_text()))


def bundle(files: Path, name: str) -> Model:
    return Model.open(files / "bundles" / name)


@pytest.mark.parametrize("name", LITERT)
def test_compile_keras2_file_runs_on_litert_with_parity(files: Path, answers: dict[str, Any], name: str) -> None:
    assert answers[name].get("engine") == "litert", answers[name]
    model = bundle(files, name)
    assert model.manifest.source["tf_keras"]
    inputs, expected = model.golden()
    for output, array in model.predict(Call(inputs)).outputs.items():
        np.testing.assert_allclose(array, expected[output], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["beyond_the_list.h5", "vocabulary.keras", "vocabulary_in_config.h5"])
def test_compile_keras2_operator_without_litert_runs_on_tensorflow(answers: dict[str, Any], name: str) -> None:
    assert answers[name].get("engine") == "tensorflow", answers[name]
    assert answers[name]["reasons"]


def test_compile_operator_beyond_the_list_is_recorded_as_trusted(answers: dict[str, Any]) -> None:
    assert answers["beyond_the_list.h5"]["trusted"] == ["the function 'tf.math.special.expint'"]


@pytest.mark.parametrize("name", ["hard_sigmoid.h5", "hard_sigmoid.keras"])
def test_compile_hard_sigmoid_has_the_values_of_keras2(files: Path, name: str) -> None:
    model = bundle(files, name)
    x = np.linspace(-4, 4, 80, dtype=np.float32).reshape(20, 4)
    (spec,) = model.manifest.signature().inputs
    (answer,) = model.predict(Call({spec.name: x})).outputs.values()
    np.testing.assert_allclose(answer, np.clip(0.2 * x + 0.5, 0, 1), atol=1e-6)


@pytest.mark.parametrize("name", ["cudnn_LSTM", "cudnn_GRU", "early_gru"])
def test_compile_old_recurrent_layer_answers_as_the_layer_that_replaced_it(files: Path, name: str) -> None:
    model = bundle(files, f"{name}.h5")
    truth = np.load(files / "bundles" / f"{name}.npz")
    (spec,) = model.manifest.signature().inputs
    (answer,) = model.predict(Call({spec.name: truth["steps"]})).outputs.values()
    np.testing.assert_allclose(answer, truth["answer"], atol=1e-6)


@pytest.mark.parametrize("name", ["dictionaries.h5", "dictionaries.keras"])
def test_compile_dictionaries_keep_their_keys(files: Path, name: str) -> None:
    signature = bundle(files, name).manifest.signature()
    assert {spec.name: spec.shape for spec in signature.inputs} == {"a": (None, 3), "b": (None, 2)}
    assert {spec.name: spec.shape for spec in signature.outputs} == {"u": (None, 2), "v": (None, 1)}


@pytest.mark.parametrize("name", REFUSED)
def test_compile_file_that_cannot_be_loaded_names_the_reason(answers: dict[str, Any], name: str) -> None:
    answer = answers[name]
    assert answer["code"] == "source_refused", answer
    assert REFUSED[name] in answer["message"]
    assert "config=" not in answer["message"] and "\n" not in answer["message"]


@pytest.mark.parametrize("name", ["hard_sigmoid.keras", "lstm.h5"])
def test_compile_keras2_file_in_the_sandbox(files: Path, registry: Registry, name: str) -> None:
    report = compile_model(files / name, registry=registry, options=CompileOptions(name=f"sandboxed-{name}"))
    assert report.engine == "litert"
    assert Model.load(registry.open(report.name, report.version)).manifest.source["tf_keras"]


def test_compile_keras2_file_to_tensorflow_twice_gives_one_digest(files: Path, registry: Registry) -> None:
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
def test_major_is_the_file_s_or_decided_by_its_configuration(
    version: str | None, config: dict[str, Any], expected: int
) -> None:
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
def test_major_of_a_version_that_no_package_loads_is_refused(version: str | None, config: dict[str, Any]) -> None:
    with pytest.raises(SourceRefused):
        major("file", version, config)
