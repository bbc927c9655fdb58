"""A fully convolutional Keras model takes images of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from lightship.bundle import Bundle
from lightship.calls import Call
from lightship.cli import lightship
from lightship.compiler import CompileOptions, compile_model
from lightship.errors import CompileError
from lightship.evaluation.data import open_data
from lightship.evaluation.running import run
from lightship.inputs import kind_of
from lightship.model import Model
from lightship.registry.registry import Registry
from tests.compiler.declarations.convolutional_models import SIZES
from tests.model_files import written_once


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_once("tests.compiler.declarations.convolutional_models", "convolutional", tmp_path_factory)


@pytest.fixture(scope="module")
def bundle(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    registry = Registry(str(tmp_path_factory.mktemp("registry")))
    compile_model(folder / "edges.keras", registry=registry, options=CompileOptions(config=folder / "model.yaml"))
    return registry.open("edges", 1)


def test_compiled_model_takes_images_of_any_size(bundle: Bundle) -> None:
    signature = bundle.manifest.signature()
    assert signature.inputs[0].shape == (None, None, None, 3)
    assert kind_of(signature.inputs[0]).to_options()["mode"] == "RGB"
    assert "differs from call to call" in bundle.manifest.device["reason"]


def test_folder_of_images_of_different_sizes_is_evaluated(bundle: Bundle, folder: Path) -> None:
    model = Model.load(bundle)
    data = open_data(folder / "photos", bundle.manifest.signature())
    found = {
        int(position): float(value)
        for block in data.blocks()
        for positions, outputs in run(model, block.prepare())
        for position, value in zip(positions, outputs["mean"][:, 0], strict=True)
    }
    photos = [np.asarray(Image.open(folder / "photos" / "a" / f"{number}.png")) for number in range(len(SIZES))]
    singles = [model.predict(Call({"photo": np.float32(photo)[np.newaxis] / 255})).outputs["mean"] for photo in photos]
    assert found == {number: pytest.approx(float(single[0, 0]), rel=1e-4) for number, single in enumerate(singles)}


def test_data_of_different_sizes_is_refused_by_compiler(folder: Path, tmp_path: Path) -> None:
    options = CompileOptions(config=folder / "model.yaml", data=folder / "photos")
    with pytest.raises(CompileError, match=r"photos.*'photo' have different sizes.*\[30, 40, 3\].*\[50, 12, 3\]"):
        compile_model(folder / "edges.keras", registry=Registry(str(tmp_path)), options=options)


def test_init_suggests_images_of_any_size(folder: Path, tmp_path: Path) -> None:
    written = tmp_path / "model.yaml"
    result = CliRunner().invoke(lightship, ["init", str(folder / "edges.keras"), "--output", str(written)])
    assert result.exit_code == 0, result.output
    assert "PNG and JPEG of any size" in written.read_text()
    assert "photo: {kind: image, mode: RGB" in written.read_text()
