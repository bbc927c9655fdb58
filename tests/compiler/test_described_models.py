"""Tensor names, samples, exports and errors of models in the compiler's child."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.model_files import write


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the output of :mod:`tests.compiler.described_models`, run once."""
    folder = tmp_path_factory.mktemp("described")
    printed = write("tests.compiler.described_models", folder)
    return dict(json.loads(printed.splitlines()[-1]))


def names(model: dict[str, Any]) -> list[str]:
    return [spec["name"] for spec in model["signature"]["inputs"]]


@pytest.mark.parametrize(
    ("model", "expected", "renamed"),
    [
        ("self.keras", ["self_", "other"], 1),
        ("spaces.keras", ["my_input", "grosse"], 2),
        ("same.keras", ["a_b", "a_b_1"], 2),
        ("graph_v1", ["größe a", "self"], 0),  # a SavedModel keeps its names
    ],
)
def test_model_with_unusual_tensor_names_runs_and_notes_renames(
    opened: dict[str, Any], model: str, expected: list[str], renamed: int
) -> None:
    assert names(opened[model]) == expected
    assert len(opened[model]["notes"]) == renamed


# File, and what its message must contain: the layer or object, and what to save or call instead.
REFUSED = {
    "layer_name.keras": ("größte", "rename"),
    "lambda_activation.keras": ("layer 'head'", "SavedModel"),
    "function_activation.keras": ("named_relu", "SavedModel"),
    "registered.keras": ("mine>Scale", "SavedModel"),
    "lambda_without_import.keras": ("'tf'", "SavedModel"),
    "empty.keras": ("Sequential", "layers"),
    "text_without_vocabulary.h5": ("text_vectorization", ".keras"),
    "unsigned": ("signature", "signatures="),
    "without_variables": ("variables", "folder"),
    "picky": ("--data", "numpy.savez"),
    "foreign.pt": ("PyTorch", "convert"),
    "foreign.onnx": ("ONNX", "onnx2tf"),
    "foreign.json": ("JSON", "model.save()"),
    "foreign.pb": ("graph", "from_frozen_graph"),
    "foreign.ckpt": ("checkpoint", "model.save()"),
    "foreign.safetensors": ("weights", "model.save()"),
}


@pytest.mark.parametrize("model", REFUSED)
def test_refused_model_names_cause_and_remedy(opened: dict[str, Any], model: str) -> None:
    message = opened[model]["message"]
    for named in REFUSED[model]:
        assert named in message
    assert "\n" not in message
    assert "'config'" not in message + opened[model]["detail"]  # no Keras configuration
    assert "--trust" not in message  # it would not help for any of these


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("tenth", range(10))
def test_file_truncated_anywhere_is_refused(opened: dict[str, Any], tenth: int, ending: str) -> None:
    assert opened[f"cut_{tenth}{ending}"]["refused"] == "SourceRefused"


@pytest.mark.parametrize("ending", [".keras", ".h5", ".tflite", ".zip", ".tar.gz", ".bin"])
def test_random_bytes_are_refused_by_name(opened: dict[str, Any], ending: str) -> None:
    outcome = opened[f"random{ending}"]
    assert outcome["refused"] == "SourceRefused"
    assert outcome["message"].startswith(f"random{ending} ")


@pytest.mark.parametrize("model", ["mixed.keras", "mixed"])
def test_samples_of_lookups_contain_vocabulary_and_unknown_words(opened: dict[str, Any], model: str) -> None:
    inputs = opened[model]["inputs"]
    words = {f"b'{word}'" for word in ("red", "green", "blue")}
    assert words <= set(inputs["colour"])
    assert set(inputs["colour"]) - words  # unknown words are compared, too
    assert {"10115", "80331"} <= set(inputs["zip"])


def test_samples_of_text_layer_use_vocabulary(opened: dict[str, Any]) -> None:
    (texts,) = opened["text.keras"]["inputs"].values()
    in_vocabulary = [text for text in texts if set(text.strip("b'").split()) <= {"the", "cat", "sat", "a", "dog"}]
    assert len(in_vocabulary) > len(texts) / 2
    assert any(" " in text for text in in_vocabulary)


def test_samples_of_lookup_without_unknown_words_use_only_vocabulary(opened: dict[str, Any]) -> None:
    (words,) = opened["no_unknown_words.keras"]["inputs"].values()
    assert set(words) == {"b'red'", "b'green'"}


@pytest.mark.parametrize(("model", "below"), [("embedding.keras", 1234), ("category.keras", 7)])
def test_samples_of_integers_use_layer_range(opened: dict[str, Any], model: str, below: int) -> None:
    (values,) = opened[model]["inputs"].values()
    numbers = [int(value) for value in values]
    assert below * 0.7 < max(numbers) < below


def test_samples_of_normalization_are_around_mean(opened: dict[str, Any]) -> None:
    (values,) = opened["normalization.keras"]["inputs"].values()
    first = [float(value) for value in values[::2]]
    assert 1000 < sum(first) / len(first) < 3000


def test_samples_of_rescaling_are_pixels(opened: dict[str, Any]) -> None:
    (values,) = opened["pixels.keras"]["inputs"].values()
    assert 100 < max(float(value) for value in values) < 500
    assert opened["pixels.keras"]["pixels"] == [names(opened["pixels.keras"])[0]]


def test_samples_of_image_signature_are_images(opened: dict[str, Any]) -> None:
    assert len(opened["images"]["inputs"]["image_bytes"]) > 1


def test_description_of_softmax_output_lists_probabilities(opened: dict[str, Any]) -> None:
    assert opened["mixed.keras"]["probabilities"] == ["p"]
    assert opened["normalization.keras"]["probabilities"] == []


def test_description_of_linear_output_lists_no_probabilities(opened: dict[str, Any]) -> None:
    assert opened["small_values.keras"]["probabilities"] == []
    assert opened["pixels.keras"]["probabilities"] != []


def test_refused_calls_leave_no_threads(opened: dict[str, Any]) -> None:
    assert opened["threads"] <= 0


def test_wrong_export_is_repeated_with_fixed_sizes_and_names_layer(opened: dict[str, Any]) -> None:
    model = opened["cnn_lstm.keras"]
    (frames,) = model["signature"]["inputs"]
    assert frames["shape"] == [None, 8, 8, 8, 1]
    assert any("'each_frame' (TimeDistributed)" in note for note in model["notes"])


def test_latency_is_compared_with_every_keras_call_method(opened: dict[str, Any]) -> None:
    calls = opened["normalization.keras"]["calls"]
    assert [name.split()[-1] for name in calls] == [
        "model.predict",
        "model.predict_on_batch",
        "model(...)",
        "TensorFlow",
    ]
