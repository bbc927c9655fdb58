"""Files for devices: what they answer, and which models have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from lightship.bundle import DEVICE, MODEL
from lightship.bundle.device import DeviceModel
from lightship.bundle.transform import UsedTransform
from lightship.calls import Call
from lightship.compiler import CompileOptions, compile_model
from lightship.compiler.compression.budget import Budget
from lightship.compiler.device.making import Device, make
from lightship.engines.preprocessed import programs_of
from lightship.errors import BundleError
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.compiler.conftest import Compile


def check(model: Model) -> DeviceModel:
    """Compare a bundle's file for devices with its predictions, row by row."""
    device = DeviceModel.from_json(model.manifest.device)
    assert device.file, device.reason
    interpreter = Interpreter(model_path=str(model.bundle.path / device.file))
    for side in (interpreter.get_input_details(), interpreter.get_output_details()):
        assert all((each["shape_signature"] > 0).all() for each in side)
    assert list(interpreter.get_signature_list()) == [device.signature]
    file, program = Device.open(model.bundle.path / device.file), programs_of(model.bundle).get(device.signature)
    inputs, _ = model.golden(device.signature)
    for row in range(len(next(iter(inputs.values())))):
        one = {name: array[row : row + 1] for name, array in inputs.items()}
        actual = file.run(program.bind().run(one) if program else one)
        for name, expected in model.predict(Call(one)).outputs.items():
            np.testing.assert_allclose(actual[name], expected, rtol=1e-5, atol=1e-6)
    return device


@pytest.mark.parametrize(
    "source", ["mlp.keras", "cnn.keras", "two.keras", "embedding.keras", "lstm.keras", "named.tflite"]
)
def test_compile_adds_file_with_equal_answers(source: str, compiled: Compile) -> None:
    _, model = compiled(source)
    device = check(model)
    assert (device.file, device.operators) == (DEVICE, ())
    assert DEVICE in model.manifest.files


def test_compile_of_transformer_adds_file_with_equal_answers(devices: Path, registry: Registry) -> None:
    report = compile_model(devices / "transformer.keras", registry=registry)
    assert check(Model.load(registry.open(report.name))).file == DEVICE


def test_compile_of_wide_integers_adds_file_of_int32(devices: Path, registry: Registry) -> None:
    report = compile_model(devices / "wide.keras", registry=registry)
    model = Model.load(registry.open(report.name))
    device = DeviceModel.from_json(model.manifest.device)
    file = model.bundle.path / device.file
    assert {each["dtype"] for each in Interpreter(model_path=str(file)).get_input_details()} == {np.int32}
    for count in (0, 3, -7, 2**31 - 1, -(2**31)):
        row = {"ids": np.array([[1, 0, 49]]), "counts": np.array([[count]])}
        for name, expected in model.predict(Call(row)).outputs.items():
            np.testing.assert_allclose(Device.open(file).run(row)[name], expected, rtol=1e-5, atol=1e-6)


def test_compile_of_table_with_categories_lists_operators(devices: Path, registry: Registry) -> None:
    report = compile_model(devices / "people.skops", registry=registry)
    assert "tables.one_hot" in " ".join(check(Model.load(registry.open(report.name))).operators)


def test_compile_of_fixed_file_names_model_itself(devices: Path, registry: Registry) -> None:
    report = compile_model(devices / "fixed.tflite", registry=registry)
    model = Model.load(registry.open(report.name))
    device = DeviceModel.from_json(model.manifest.device)
    assert (device.file, DEVICE in model.manifest.files) == (MODEL, False)


def test_compile_with_budget_makes_file_of_chosen_variant(sources: Path, registry: Registry) -> None:
    options = CompileOptions(name="small", budget=Budget(max_error=0.5, prefer="size"))
    report = compile_model(sources / "cnn.keras", registry=registry, options=options)
    assert report.compression and report.compression.chosen != "fp32"
    model = Model.load(registry.open("small"))
    check(model)
    sizes = [(model.bundle.path / name).stat().st_size for name in (MODEL, DEVICE)]
    assert sizes[1] < 1.1 * sizes[0]


def test_compile_twice_gives_equal_bundles(compiled: Compile) -> None:
    first, second = (compiled("two.keras", name=name)[1].bundle for name in ("device-a", "device-b"))
    assert first.digest == second.digest


def test_compile_of_model_of_any_length_records_reason(compiled: Compile) -> None:
    _, model = compiled("any_length.keras")
    assert "size of its input 'steps'" in DeviceModel.from_json(model.manifest.device).reason
    assert DEVICE not in model.manifest.files


def test_make_for_examples_answers_as_server(registries: Registries, tmp_path: Path) -> None:
    for name in ("digits", "quickstart"):
        bundle = Registry(str(registries.examples)).open(name).copy(_folder(tmp_path / name))
        made = make(bundle)
        check(Model.load(bundle._replace(manifest=bundle.manifest._replace(device=made.to_json()))))


def test_make_of_several_signatures_keeps_default_one(registries: Registries, tmp_path: Path) -> None:
    bundle = Registry(str(registries.small)).open("modes").copy(_folder(tmp_path / "modes"))
    assert make(bundle).signature == bundle.manifest.signatures[0].name
    assert list(Interpreter(model_path=str(bundle.path / DEVICE)).get_signature_list()) == ["serving_default"]


def test_make_without_model_for_devices_has_reason(registries: Registries, tmp_path: Path) -> None:
    bundle = Registry(str(registries.small)).open("pair").copy(_folder(tmp_path / "pair"))
    manifest = bundle.manifest
    used = UsedTransform("mine", "", manifest.signatures)
    refused = {
        "transform": {"transform": used},
        "TensorFlow": {"engine": "tensorflow"},
        "variables": {"stateful": True},
    }
    for word, fields in refused.items():
        assert word in make(bundle._replace(manifest=manifest._replace(**fields))).reason
        assert not (bundle.path / DEVICE).exists()


def test_make_of_damaged_model_has_reason(registries: Registries, tmp_path: Path) -> None:
    bundle = Registry(str(registries.small)).open("pair").copy(_folder(tmp_path / "pair"))
    (bundle.path / MODEL).write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(200))
    assert make(bundle).reason


def test_from_json_of_older_bundle_has_reason() -> None:
    assert "compile the model again" in DeviceModel.from_json({}).reason


@pytest.mark.parametrize(
    "record", [{"file": "device.tflite"}, {"signature": "s"}, {"file": "a", "signature": "b", "operators": 1}]
)
def test_from_json_of_another_form_raises_bundle_error(record: dict[str, object]) -> None:
    with pytest.raises(BundleError):
        DeviceModel.from_json(record)


def test_manifest_keeps_device(registries: Registries) -> None:
    bundle = Registry(str(registries.small)).open("pair")
    entry = DeviceModel(DEVICE, "", "serving_default", ("arrays.cast",)).to_json()
    manifest = bundle.manifest._replace(device=entry)
    assert type(manifest).from_bytes(manifest.to_bytes()).device == entry


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
