"""Variants that the quantizer makes of small models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightship.compiler.compression.quantizing.layers import weighted_layers
from lightship.compiler.compression.quantizing.recipes import RECIPES, Quantizer, Unquantizable
from lightship.engines.litert import LiteRTEngine

ROWS = np.random.default_rng(5).normal(size=(64, 32)).astype(np.float32)
INPUTS = {"a": {"x": ROWS}, "b": {"x": ROWS}}


@pytest.fixture(scope="module")
def twice(models: Path) -> bytes:
    return (models / "twice.tflite").read_bytes()


@pytest.mark.parametrize("name", RECIPES)
def test_quantize_several_signatures_stay_float_and_close(twice: bytes, tmp_path: Path, name: str) -> None:
    (tmp_path / "float.tflite").write_bytes(twice)
    (tmp_path / "variant.tflite").write_bytes(variant := Quantizer(twice, INPUTS).quantize(name))
    original, found = (LiteRTEngine(tmp_path / f"{file}.tflite") for file in ("float", "variant"))
    assert len(variant) < len(twice)
    for signature, output in (("a", "y"), ("b", "z")):
        for rows in (1, 64):
            inputs = {"x": ROWS[:rows]}
            expected = original.run(signature, inputs)[output]
            answer = found.run(signature, inputs)[output]
            assert answer.dtype == np.float32
            assert np.abs(answer - expected).max() < 0.05 * np.abs(original.run(signature, {"x": ROWS})[output]).max()


@pytest.mark.parametrize("name", RECIPES)
def test_quantize_strings_stay_strings(models: Path, tmp_path: Path, name: str) -> None:
    original = models / "named.tflite"
    (tmp_path / "variant.tflite").write_bytes(Quantizer(original.read_bytes(), {"a": {"x": ROWS}}).quantize(name))
    expected, answer = (LiteRTEngine(path).run("a", {"x": ROWS}) for path in (original, tmp_path / "variant.tflite"))
    assert (tmp_path / "variant.tflite").stat().st_size < original.stat().st_size
    clear = expected["p"].max(axis=1) > 0.7
    assert clear.any()
    assert answer["name"][clear].tolist() == expected["name"][clear].tolist()
    assert np.abs(answer["p"] - expected["p"]).max() < 0.15


@pytest.mark.parametrize("name", RECIPES)
def test_quantize_weights_of_operators_of_two_kinds_stay_close(models: Path, tmp_path: Path, name: str) -> None:
    original = models / "tied.tflite"
    (tmp_path / "variant.tflite").write_bytes(Quantizer(original.read_bytes(), {"a": {"x": ROWS}}).quantize(name))
    expected, answer = (
        LiteRTEngine(path).run("a", {"x": ROWS})["y"] for path in (original, tmp_path / "variant.tflite")
    )
    assert np.abs(answer - expected).max() < 0.05 * np.abs(expected).max()


@pytest.mark.parametrize("name", RECIPES)
def test_quantize_twice_gives_equal_bytes(twice: bytes, name: str) -> None:
    assert Quantizer(twice, INPUTS).quantize(name) == Quantizer(twice, INPUTS).quantize(name)


@pytest.mark.parametrize("name", ["int8", "int16x8"])
def test_quantize_activations_without_data_is_refused(twice: bytes, name: str) -> None:
    with pytest.raises(Unquantizable, match="--data"):
        Quantizer(twice, None).quantize(name)


def test_quantize_broken_model_is_refused() -> None:
    with pytest.raises(Unquantizable):
        Quantizer(b"TFL3" * 10, None).quantize("fp16")


def test_layers_sharing_weights_are_one(twice: bytes) -> None:
    layers = weighted_layers(twice)
    assert len(layers) == 2
    assert all(len(set(layer)) == len(layer) for layer in layers)


@pytest.mark.parametrize("name", ["dynamic_int8", "int8"])
def test_quantize_float_layers_keep_weights(twice: bytes, name: str) -> None:
    quantizer = Quantizer(twice, INPUTS)
    first, second = weighted_layers(twice)
    whole, kept = quantizer.quantize(name), quantizer.quantize(name, floats=first)
    assert len(whole) < len(kept)
    assert len(quantizer.quantize(name, only=second)) < len(quantizer.quantize(name, floats=first + second))
